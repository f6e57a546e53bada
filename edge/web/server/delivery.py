"""A connection that tells when the other side has taken what it was sent."""

import socket
import time
from typing import Any, Final

from waitress.channel import HTTPChannel
from waitress.task import WSGITask

TAKEN: Final = "edge_fer.taken"
"""In a request's WSGI environment: `DeliveryChannel.taken` of its connection."""

_KERNEL_BYTES: Final = 128 * 1024
"""Beyond what the other side has taken, the kernel holds no more than this: about a picture."""


_ANSWER_SECONDS: Final = 60.0
"""Within this time all that waits for the other side must be gone."""

_ROOM_SECONDS: Final = 30.0
"""A worker thread waits no longer until more can be written; only streams write on and on."""

_PIPELINED_SECONDS: Final = 2.0
"""The same before the answer to a request that came before the last answer was taken."""


class DeliveryTask(WSGITask):  # type: ignore[misc] # waitress has no types
    """Lets the application wait until what it has sent is taken."""

    def get_environment(self) -> dict[str, Any]:
        """Return the WSGI environment of the request."""
        environ: dict[str, Any] = super().get_environment()
        environ[TAKEN] = self.channel.taken
        return environ


class DeliveryChannel(HTTPChannel):  # type: ignore[misc] # the same
    """Waitress' own, which would take any amount, and send a slow viewer pictures of the past."""

    task_class = DeliveryTask

    def __init__(self, server: Any, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BYTES)
        self._emptied = time.monotonic()
        super().__init__(server, sock, *args, **kwargs)

    def taken(self, seconds: float) -> bool:
        """Wait until all that was written has gone; return whether the other side is still there.

        One that takes longer than `seconds` is hung up on. For the thread that serves a request.
        """

        def done() -> bool:
            return not self.total_outbufs_len or not self.connected

        with self.outbuf_lock:
            if not self.outbuf_lock.wait_for(done, seconds):
                self.hang_up()
                return False
            self._emptied = time.monotonic()
        return bool(self.connected)

    def hang_up(self) -> None:
        """Close the connection, soon; from any thread.

        Waitress' `will_close` alone waits until the other side takes something.
        """
        self.connected = False  # so that workers do no more for it
        self.will_close = True
        self.server.trigger.pull_trigger(self.handle_close)

    def overdue(self, now: float) -> bool:
        """Return whether the other side takes too long. For the loop, in every round."""
        if not self.total_outbufs_len:
            self._emptied = now
        return now - self._emptied > _ANSWER_SECONDS

    def _flush_outbufs_below_high_watermark(self) -> None:
        """Wait until more may be written; waitress' own holds the worker thread without limit."""
        seconds = _PIPELINED_SECONDS if len(self.requests) > 1 else _ROOM_SECONDS

        def room() -> bool:
            return not self.connected or self.total_outbufs_len <= self.adj.outbuf_high_watermark

        with self.outbuf_lock:
            if room():
                return
            self.server.pull_trigger()
            if not self.outbuf_lock.wait_for(room, seconds):
                self.hang_up()
