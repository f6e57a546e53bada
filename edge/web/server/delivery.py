"""A connection that tells when the other side has taken what it was sent."""

import socket
from typing import Any, Final

from waitress.channel import HTTPChannel
from waitress.task import WSGITask

TAKEN: Final = "edge_fer.taken"
"""In a request's WSGI environment: `DeliveryChannel.taken` of its connection."""

_KERNEL_BYTES: Final = 128 * 1024
"""Beyond what the other side has taken, the kernel holds no more than this: about a picture."""


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
        super().__init__(server, sock, *args, **kwargs)

    def taken(self, seconds: float) -> bool:
        """Wait until all that was written has gone; return whether the other side is still there.

        One that takes longer than `seconds` is hung up on. For the thread that serves a request.
        """

        def done() -> bool:
            return not self.total_outbufs_len or not self.connected

        with self.outbuf_lock:
            if not self.outbuf_lock.wait_for(done, seconds):
                self.will_close = True
                self.server.pull_trigger()
                return False
        return bool(self.connected)
