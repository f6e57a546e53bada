"""A message on its way to the broker, and its kinds."""

import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

WINDOW: Final = 20
"""Messages that a broker has not yet acknowledged, at most."""


class Kind(Enum):
    """Kinds of topics; the configuration has a section for each but the last."""

    EVENT = "event"
    FACES = "faces"
    STATE = "state"
    SNAPSHOT = "snapshot"


LIVE: Final = {Kind.FACES: 100, Kind.SNAPSHOT: 2}
"""Kinds that are of the moment, and how many of each wait for a slow connection, at most."""


@dataclass(eq=False)
class Outgoing:
    """A message on its way to the broker.

    Parameters
    ----------
    topic, payload, content_type
        What is sent, and where.
    kind
        How it is sent.
    lasting
        Of a state: it holds even when nothing is heard of this box any more.
    """

    topic: str
    payload: bytes
    kind: Kind
    content_type: str | None = None
    lasting: bool = False
    born: float = field(default_factory=time.monotonic)
    key: int = 0
    """Of an event: its place in the order, and in the spool."""
    sent: float | None = None
    """Of a state: when this connection took it."""
    refused: bool = False

    @property
    def waited(self) -> float:
        """Seconds since it was published."""
        return time.monotonic() - self.born
