"""A bad network: a TCP proxy that damages, delays, narrows or swallows what the camera sends."""

import random
import socket
import threading
import time

from tests.support.system import free_port


class Proxy:
    """Forwards connections to a port on loopback; its faults can be changed at any time.

    Only what comes back from the server is damaged or slowed: a camera's stream. The first
    kilobytes of a connection, in which it is set up, pass unharmed.
    """

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.corrupt = 0.0
        """Share of the bytes that become random ones."""
        self.seconds = 0.0
        """Delay of every piece."""
        self.bytes_a_second: float | None = None
        self.silent = False
        """Accept and never answer."""
        self._target = target
        self._random = random.Random(0)
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._listener.settimeout(0.2)
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut(self) -> None:
        """Cut all present connections."""
        for end in self._sockets:
            end.close()
        self._sockets.clear()

    def close(self) -> None:
        """End."""
        self._stop.set()
        self.cut()
        for thread in self._threads:
            thread.join(3)
        self._listener.close()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._sockets.append(client)
            if self.silent:
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target), 2)
            except OSError:
                client.close()
                continue
            self._sockets.append(server)
            for source, sink, back in ((client, server, False), (server, client, True)):
                source.settimeout(0.2)
                self._threads.append(
                    threading.Thread(target=self._pump, args=(source, sink, back), daemon=True)
                )
                self._threads[-1].start()

    def _pump(self, source: socket.socket, sink: socket.socket, back: bool) -> None:
        passed = 0
        while not self._stop.is_set():
            try:
                data = source.recv(4096)
                if not data:
                    break
                if back and passed > 4096:
                    data = self._spoil(data)
                passed += len(data)
                sink.sendall(data)
            except TimeoutError:
                continue
            except OSError:
                break
        for end in (source, sink):
            end.close()

    def _spoil(self, data: bytes) -> bytes:
        time.sleep(self.seconds)
        if self.bytes_a_second is not None:
            time.sleep(len(data) / self.bytes_a_second)
        if self.corrupt == 0:
            return data
        spoilt = bytearray(data)
        for place in range(len(spoilt)):
            if self._random.random() < self.corrupt:
                spoilt[place] = self._random.randrange(256)
        return bytes(spoilt)
