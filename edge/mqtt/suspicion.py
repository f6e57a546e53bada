"""Finds the message that a broker hangs up on, where it does not say so (MQTT 3.1.1)."""

import math
import time
from dataclasses import dataclass
from typing import Final

from edge.mqtt.outgoing import Outgoing

_ENDS: Final = 3
"""So many connections in a row may end with a message as the first in flight."""

_FIRST_BAR_SECONDS: Final = 60.0
_LONGEST_BAR_SECONDS: Final = 3600.0


@dataclass(frozen=True)
class _Bar:
    """What a broker does not take: messages of a topic, from a size on."""

    size: int
    seconds: float
    until: float


class Suspicion:
    """Accuses one message at a time.

    The innocent are acknowledged when they are sent alone. What was given up is remembered, so
    that the next of its topic, which is no smaller, does not cost three connections again; now
    and then one is tried all the same, for the broker may have been mended.
    """

    def __init__(self) -> None:
        self.message: Outgoing | None = None
        self.taken = False
        """Whether the present connection has sent it."""
        self._ends = 0
        self._bars: dict[str, _Bar] = {}

    def accuse(self, message: Outgoing) -> Outgoing | None:
        """Take in that a connection ended; return the message if it is to be given up."""
        self._ends = self._ends + 1 if message is self.message else 1
        self.message = message
        if self._ends < _ENDS:
            return None
        last = self._bars.get(message.topic)
        size = min(len(message.payload), math.inf if last is None else last.size)
        seconds = _FIRST_BAR_SECONDS
        if last is not None:
            seconds = min(2 * last.seconds, _LONGEST_BAR_SECONDS)
        self._bars[message.topic] = _Bar(int(size), seconds, time.monotonic() + seconds)
        return message

    def clear(self, message: Outgoing) -> None:
        """Take in that a message needs no more care."""
        if message is self.message:
            self.message = None

    def bars(self, message: Outgoing) -> bool:
        """Return whether the broker would most likely not take a message either."""
        bar = self._bars.get(message.topic)
        return bar is not None and len(message.payload) >= bar.size and time.monotonic() < bar.until
