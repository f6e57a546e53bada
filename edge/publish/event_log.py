"""The newest events of all cameras, for those who watch the page."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from edge.publish.messages import EventMessage

KEPT: Final = 1000
"""Older events are forgotten."""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event as it went out over MQTT.

    Attributes
    ----------
    id
        Greater than that of every event before it; of earlier runs of the daemon too, unless
        their clock was ahead.
    camera
        Whose.
    json
        The message's own JSON.
    """

    id: int
    camera: str
    json: str


class EventLog:
    """Keeps the newest events in memory; any thread may add, ask and wait.

    It is given what privacy allows to go out over MQTT, and nothing else.

    Parameters
    ----------
    kept
        At most so many; older ones are forgotten.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._events: deque[LoggedEvent] = deque(maxlen=kept)
        self._changed = threading.Condition()
        self._last = int(time.time() * 1000)

    @property
    def last(self) -> int:
        """The newest event's id, or one that is less than those of all to come."""
        return self._last

    def add(self, message: EventMessage) -> None:
        """Keep an event, and wake those who wait."""
        text = message.json_bytes().decode()
        with self._changed:
            self._last += 1
            self._events.append(LoggedEvent(self._last, message.camera, text))
            self._changed.notify_all()

    def known(self, id_: int) -> int:
        """Return `id_`; 0 where it is of an earlier run whose clock was ahead: all is new then."""
        return id_ if id_ <= self._last else 0

    def after(self, id_: int, camera: str | None = None, limit: int = KEPT) -> list[LoggedEvent]:
        """Return the events that followed `id_`, oldest first, and the first `limit` of them."""
        return [event for event in self._of(camera) if event.id > id_][:limit]

    def newest(self, camera: str | None = None, limit: int = KEPT) -> list[LoggedEvent]:
        """Return the last `limit` events, oldest first."""
        return self._of(camera)[-limit:]

    def forget(self, camera: str, unless: Callable[[bytes], bool] = lambda _: False) -> None:
        """Drop the events of a camera, but for those whose JSON may stay."""
        with self._changed:
            kept = [e for e in self._events if e.camera != camera or unless(e.json.encode())]
            self._events = deque(kept, self._events.maxlen)

    def _of(self, camera: str | None) -> list[LoggedEvent]:
        with self._changed:
            return [event for event in self._events if camera in {None, event.camera}]

    def wait(self, id_: int, timeout: float) -> bool:
        """Wait until there is an event later than `id_`; return False after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._newest_id > id_, timeout)

    @property
    def _newest_id(self) -> int:
        return self._events[-1].id if self._events else 0
