"""Lets a thread wait for its connection and for other threads at once."""

import select
import socket
import ssl
from contextlib import suppress


class Waker:
    """A pipe to oneself."""

    def __init__(self) -> None:
        self._in, self._out = socket.socketpair()
        self._in.setblocking(False)
        self._out.setblocking(False)

    def wake(self) -> None:
        """End the wait; from any thread."""
        with suppress(OSError):  # full: it is being woken already
            self._in.send(b"\0")

    def wait(self, sock: socket.socket, writing: bool, seconds: float) -> bool:
        """Wait until there is something to read or room to write, or for `wake`.

        Returns whether there is something to read.
        """
        # What TLS has decrypted already the kernel does not tell of.
        pending = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        poll = select.poll()
        poll.register(self._out.fileno(), select.POLLIN)
        poll.register(sock.fileno(), select.POLLIN | select.POLLOUT * writing)
        found = dict(poll.poll(0 if pending else 1000 * seconds))
        if self._out.fileno() in found:
            self._out.recv(4096)
        return pending or bool(found.get(sock.fileno(), 0) & ~select.POLLOUT)
