"""The newest picture of a camera: drawn and encoded once for all who watch, or not at all."""

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import cv2

from edge.annotate import annotate, notice
from edge.config import StreamConfig
from edge.records import Box, Frame, ImageArray, Showing

WIDTHS: Final = (320, 480, 640, 960, 1280, 1920)
"""Pixels that a picture may be asked to be wide; none is made wider than its frame."""

QUALITIES: Final = (40, 60, 80, 95)
"""What JPEG quality may be asked for, beside the configured one."""

_RUN: Final = secrets.token_hex(4)
"""Begins the tags: what a daemon showed before it was restarted is not what it shows now."""

_VERSIONS: Final = count(1)
"""Of the pictures of all cameras: one that a reload began anew goes on with greater ones."""


@dataclass(frozen=True, slots=True)
class Variant:
    """How a picture is wanted; None for the frame's own width and the configured quality."""

    width: int | None = None
    quality: int | None = None


AS_IS: Final = Variant()


class Picture:
    """One frame with what is to be drawn over it; any thread may ask for its JPEG.

    Drawing and encoding happen on the thread of the first who asks, once for each variant; those
    who want the same wait for it, and share the result.

    Parameters
    ----------
    version
        Greater than that of every picture before it.
    size
        The frame's width and height.
    draw
        Makes the picture of a width.
    quality
        Of the JPEG, where none is asked for.
    """

    def __init__(
        self,
        version: int,
        size: tuple[int, int],
        draw: Callable[[int | None], ImageArray],
        quality: int,
    ) -> None:
        self.version = version
        self._width = size[0]
        self._draw = draw
        self._quality = quality
        self._encoding: dict[tuple[int, int], threading.Lock] = {}
        self._jpegs: dict[tuple[int, int], bytes] = {}

    def jpeg(self, variant: Variant = AS_IS) -> bytes:
        """Return the picture as JPEG."""
        wanted = self._wanted(variant)
        with self._encoding.setdefault(wanted, threading.Lock()):
            if wanted not in self._jpegs:
                width, quality = wanted
                image = self._draw(width)
                _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
                self._jpegs[wanted] = data.tobytes()
            return self._jpegs[wanted]

    def tag(self, variant: Variant = AS_IS) -> str:
        """Return what tells this JPEG from every other, without making it."""
        return "-".join(map(str, (_RUN, self.version, *self._wanted(variant))))

    def _wanted(self, variant: Variant) -> tuple[int, int]:
        return min(variant.width or self._width, self._width), variant.quality or self._quality


class Pictures:
    """Keeps the newest picture of a camera, and wakes those who wait for it.

    Parameters
    ----------
    config
        What is drawn, and the quality.
    fps
        Tells the frames a second that may be written into the picture.
    """

    def __init__(self, config: StreamConfig, fps: Callable[[], float]) -> None:
        self._config = config
        self._fps = fps
        self._changed = threading.Condition()
        self._version = 0
        self._size: tuple[int, int] | None = None
        self._shown: tuple[Frame, Sequence[Box]] | None = None
        self.blurs: Final = config.faces == "blur"
        """Whether faces are made unrecognizable."""
        self._newest: Picture | None = None

    @property
    def newest(self) -> Picture | None:
        """The newest picture; None before the first."""
        return self._newest

    def show(self, frame: Frame, faces: Sequence[Showing], places: Sequence[Box] | None) -> None:
        """Make `frame` the newest, with these marks.

        Where faces are blurred it is so at `places`, and not shown at all if they are None: nobody
        has looked where faces are.
        """
        if self.blurs and places is None:
            return
        hidden = places if self.blurs and places is not None else ()

        def draw(width: int | None) -> ImageArray:
            fps = self._fps() if self._config.fps else None
            return annotate(
                frame.picture.image, faces, width, hidden, self._config.probabilities, fps
            )

        self._shown = frame, hidden
        self._put(frame.size, draw)

    def clear(self) -> None:
        """Show the newest frame without any marks; who was blurred stays so."""
        if self._shown is not None:
            frame, hidden = self._shown
            self.show(frame, (), hidden)

    def blank(self, text: str) -> None:
        """Show a dark picture with `text`, and forget the frame before it."""
        self._shown, size = None, self._size
        if size is not None:
            self._put(size, lambda width: notice(size, text, width))

    def wait(self, after: int, timeout: float) -> Picture | None:
        """Return the newest picture, once it is newer than version `after`.

        Returns None if there is none within `timeout` seconds.
        """
        with self._changed:
            newer = self._changed.wait_for(lambda: self._version > after, timeout)
            return self._newest if newer else None

    def _put(self, size: tuple[int, int], draw: Callable[[int | None], ImageArray]) -> None:
        with self._changed:
            self._size = size
            self._version = next(_VERSIONS)
            self._newest = Picture(self._version, size, draw, self._config.quality)
            self._changed.notify_all()
