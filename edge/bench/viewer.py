"""A viewer of the MJPEG stream, who reads everything."""

import http.client
import threading
from contextlib import suppress
from typing import Final, Self

_ANSWER_SECONDS: Final = 10.0


class Viewer:
    """Reads the stream of a camera, in a thread of its own; a context manager.

    Parameters
    ----------
    port
        The web server's.
    camera
        Whose stream.
    """

    def __init__(self, port: int, camera: str) -> None:
        self.pictures = 0
        """That came as a whole."""
        self._web = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_SECONDS)
        self._path = f"/cameras/{camera}/stream.mjpg"
        self._thread = threading.Thread(target=self._run, name="viewer", daemon=True)
        self._stop = threading.Event()

    @property
    def ended(self) -> bool:
        """Whether the stream came to an end, or never began."""
        return not self._thread.is_alive()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(_ANSWER_SECONDS + 1)
        self._web.close()

    def _run(self) -> None:
        with suppress(OSError, http.client.HTTPException):  # the pictures counted say how far
            self._web.request("GET", self._path)
            stream = self._web.getresponse()
            while not self._stop.is_set() and (line := stream.readline()):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    stream.readline()  # the end of the part's header
                    stream.read(int(value))
                    self.pictures += 1
