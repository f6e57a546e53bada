"""A source of our own making: it fails, ends, hangs or stays silent when a test says so."""

import threading

import numpy as np

from edge.capture.picture import ColourPicture
from edge.capture.source import SourceError
from edge.records import ImageArray

PICTURE: ImageArray = np.random.default_rng(0).integers(0, 256, (40, 64, 3), np.uint8)
BLANK: ImageArray = np.full((40, 64, 3), 128, np.uint8)


class FakeSource:
    """Gives pictures of noise; after `frames` of them it raises `then`, or hangs without one.

    It hangs as native code does: no stop wakes it, only `thaw`.
    """

    description = "fake"

    def __init__(
        self,
        live: bool,
        frames: int,
        then: Exception | None = None,
        picture: ImageArray = PICTURE,
        seconds: float = 0.0,
    ) -> None:
        self.live = live
        self.damaged = 0
        self.opened = 0
        self.closed = 0
        self.retrieved = 0
        self.hangs = threading.Event()
        self.thaw = threading.Event()
        self._frames = frames
        self._then = then
        self._picture = picture
        self._seconds = seconds
        self._number = 0
        self._pace = threading.Event()

    def open(self) -> None:
        self.opened += 1
        self._number = 0

    def grab(self) -> float | None:
        self._pace.wait(self._seconds)
        if self._number == self._frames:
            if self._then is None:
                self.hangs.set()
                self.thaw.wait(30)
                raise SourceError("thawed")
            raise self._then
        self._number += 1
        return None if self.live else self._number / 25

    def retrieve(self) -> ColourPicture:
        self.retrieved += 1
        return ColourPicture(self._picture)

    def close(self) -> None:
        self.closed += 1
