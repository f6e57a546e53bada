"""A connection of the web server that nobody can hold for nothing."""

import socket
import time
from typing import Any, ClassVar, Final

from edge.web.api.predict import LARGEST_UPLOAD
from edge.web.server.delivery import DeliveryChannel
from edge.web.server.refusal import ProblemTask

MOST_CONNECTIONS: Final = 400
"""At the same time; beyond that the one that has been idle longest makes room for a new one."""

LIMITS: Final[dict[str, Any]] = {
    "connection_limit": MOST_CONNECTIONS + 100,
    "asyncore_use_poll": True,  # select() knows no descriptor above 1023
    "channel_timeout": 60,
    "cleanup_interval": 10,
    "max_request_header_size": 32 * 1024,
    "max_request_body_size": LARGEST_UPLOAD + 100_000,  # multipart has headers of its own
}
"""Of waitress."""

_SMALL: Final = 64_000
_UPLOADS: Final = 4
"""Bodies of more than `_SMALL` bytes that are received at the same time: nobody has looked yet
whether the sender may send anything at all, and waitress keeps them in memory and ``/tmp``."""

_REQUEST_SECONDS: Final = 60.0
"""A request must have arrived within this time, photo and all."""

_HEADER_SECONDS: Final = 15.0
"""The same for its header alone."""


class Channel(DeliveryChannel):
    """Waitress' own, which would wait for the rest of a request for as long as bytes drip in."""

    error_task_class = ProblemTask
    _uploads: ClassVar[set["Channel"]] = set()

    def __init__(self, server: Any, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        _make_room(server)
        self._request_began: float | None = None
        super().__init__(server, sock, *args, **kwargs)

    def readable(self) -> bool:
        """Tell waitress' loop, which asks in every round, whether to read; note who is late."""
        if self._late(time.monotonic()):
            self.will_close = True
        return bool(super().readable()) and self._has_turn()

    def del_channel(self, map: Any = None) -> None:  # noqa: A002 - waitress calls it so
        """Forget the connection."""
        self._uploads.discard(self)
        super().del_channel(map)

    def handle_expt(self) -> None:
        """Hang up on a client that sends urgent data, which HTTP has not: it wakes the loop."""
        self.handle_close()

    def _late(self, now: float) -> bool:
        request = self.request
        if request is None or self.requests:  # nothing comes, or waitress does not read it yet
            self._request_began = None
            return False
        if self._request_began is None:
            self._request_began = now
        seconds = _REQUEST_SECONDS if request.headers_finished else _HEADER_SECONDS
        return now - self._request_began > seconds

    def _has_turn(self) -> bool:
        """Return whether what comes may come now; a large body may have to wait for others."""
        received = (self.request, *self.requests)
        if all(one is None or one.body_bytes_received <= _SMALL for one in received):
            self._uploads.discard(self)
        elif self not in self._uploads:
            if len(self._uploads) >= _UPLOADS:
                return False
            self._uploads.add(self)
        return True


def _make_room(server: Any) -> None:
    """Hang up on the connection that has been idle longest, if there are too many."""
    channels = list(server.active_channels.values())
    if len(channels) < MOST_CONNECTIONS:
        return
    idle = [one for one in channels if not one.requests and not one.total_outbufs_len]
    if idle:
        min(idle, key=lambda one: one.last_activity).handle_close()
