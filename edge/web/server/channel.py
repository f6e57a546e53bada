"""A connection of the web server that nobody can hold for nothing."""

import socket
import time
from typing import Any, Final

from waitress.receiver import ChunkedReceiver

from edge.web.api.predict import LARGEST_UPLOAD
from edge.web.server.delivery import DeliveryChannel
from edge.web.server.parser import Parser
from edge.web.server.refusal import ProblemTask

MOST_CONNECTIONS: Final = 400
"""At the same time; beyond that the one that has been idle longest makes room for a new one."""

LIMITS: Final[dict[str, Any]] = {
    "connection_limit": MOST_CONNECTIONS + 100,
    "asyncore_use_poll": True,  # select() knows no descriptor above 1023
    "channel_timeout": 60,
    "cleanup_interval": 10,
    "max_request_header_size": 32 * 1024,
    "max_request_body_size": LARGEST_UPLOAD + 100_000,  # the application says it better
}
"""Of waitress."""

_SMALL: Final = 64_000
"""Bytes of a body that needs no seat among the uploads."""

_MOST_REQUESTS: Final = 2
"""Of a connection, that wait: no browser sends the next before it has the answer to the last."""

_LONGEST_LINE: Final = 8192
"""Bytes of a chunk's header or of a trailer: waitress looks at all of it again with each byte."""

_REQUEST_SECONDS: Final = 60.0
"""A request must have arrived within this time, photo and all."""

_HEADER_SECONDS: Final = 15.0
"""The same for its header alone."""


class Channel(DeliveryChannel):
    """Waitress' own, which would wait for the rest of a request for as long as bytes drip in."""

    error_task_class = ProblemTask
    parser_class = Parser

    def __init__(self, server: Any, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        _make_room(server)
        self._request_began: float | None = None
        super().__init__(server, sock, *args, **kwargs)

    def readable(self) -> bool:
        """Tell waitress' loop, which asks in every round, whether to read; note who is late."""
        now = time.monotonic()
        if self._late(now) or self.overdue(now):
            self.hang_up()
        if not super().readable():
            return False
        if not self._has_turn(now):
            self._request_began = now  # to wait for others is not to be late
            return False
        return True

    def received(self, data: bytes) -> bool:
        """Take what came; hang up on those who send what no browser does."""
        taken = bool(super().received(data))
        if len(self.requests) > _MOST_REQUESTS or self._sends_endless_line():
            self.hang_up()
        return taken

    def del_channel(self, map: Any = None) -> None:  # noqa: A002 - waitress calls it so
        """Forget the connection."""
        self.server.uploads.leave(self)
        super().del_channel(map)

    def handle_expt(self) -> None:
        """Hang up on a client that sends urgent data, which HTTP has not: it wakes the loop."""
        self.handle_close()

    def _late(self, now: float) -> bool:
        request = self.request
        if request is None:
            self._request_began = None
            return False
        if self._request_began is None:
            self._request_began = now
        seconds = _REQUEST_SECONDS if request.headers_finished else _HEADER_SECONDS
        return now - self._request_began > seconds

    def _sends_endless_line(self) -> bool:
        body = None if self.request is None else self.request.body_rcv
        return (
            isinstance(body, ChunkedReceiver)
            and len(body.control_line) + len(body.trailer) > _LONGEST_LINE
        )

    def _has_turn(self, now: float) -> bool:
        """Return whether what comes may come now; a large body may have to wait for others."""
        received = (self.request, *self.requests)
        if all(one is None or one.body_bytes_received <= _SMALL for one in received):
            self.server.uploads.leave(self)
            return True
        return bool(self.server.uploads.admit(self, now))


def _make_room(server: Any) -> None:
    """Hang up on the connection that has been idle longest, if there are too many."""
    channels = list(server.active_channels.values())
    if len(channels) < MOST_CONNECTIONS:
        return
    idle = [one for one in channels if not one.requests and not one.total_outbufs_len]
    if idle:
        min(idle, key=lambda one: one.last_activity).handle_close()
