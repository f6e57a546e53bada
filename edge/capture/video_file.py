"""A video file, once and as fast as it is read; and the demo clip, looped in real time."""

import threading
import time
from pathlib import Path
from typing import Final

import cv2

from edge.capture.opencv import OpenCvReader
from edge.capture.source import EndOfVideo, Picture, SourceError

_WHOLE: Final = 0.98
"""Fraction of the frames that the container announces below which a file counts as cut."""


_FASTEST: Final = 1000
"""Frames a second above which a container's figure is taken for nonsense."""


class VideoFile:
    """A clip, from its first frame to its last."""

    live = False

    def __init__(self, path: Path) -> None:
        self.description = str(path)
        self._path = path
        self._reader = OpenCvReader(self.description)
        self._number = 0
        self._counted = False
        self.frames = 0
        """Frames that the container announces, or seems to; 0 if none. Set by `open`."""
        self.fps = 0.0
        """Frames a second of the clip; 25 where the container does not say. Set by `open`."""

    def open(self) -> None:
        """Open the clip at its first frame."""
        try:
            self._reader.open(str(self._path), cv2.CAP_FFMPEG)
        except SourceError:
            raise SourceError(
                f"{self.description} is not a video that can be read: it is cut short or damaged"
            ) from None
        self._number = 0
        self.frames = max(0, int(self._reader.get(cv2.CAP_PROP_FRAME_COUNT)))
        self._counted = _counts_frames(self._path)
        fps = self._reader.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 0 < fps <= _FASTEST else 25.0

    def read(self) -> Picture:
        """Return the next frame; a clip that ends well before its last frame is an error."""
        image = self._reader.read()
        if image is None:
            if self._number == 0 or (self._counted and self._number < self.frames * _WHOLE):
                raise SourceError(
                    f"{self.description} is cut short or damaged: "
                    f"{self._number} of its {self.frames} frames could be read"
                )
            raise EndOfVideo
        position = self._reader.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if position <= 0:
            position = self._number / self.fps
        self._number += 1
        return Picture(image, position)

    def close(self) -> None:
        """Close the file."""
        self._reader.close()


class DemoClip:
    """The clip that ships with edge-fer, played for ever at its own frame rate, as a camera."""

    live = True

    def __init__(self, path: Path) -> None:
        self.description = "demo clip"
        self._clip = VideoFile(path)
        self._next = 0.0
        # Nothing sets it: waiting on it paces the clip, for a frame's time at most.
        self._pace = threading.Event()

    def open(self) -> None:
        """Start the clip."""
        self._clip.open()
        self._next = time.monotonic()

    def read(self) -> Picture:
        """Return the next frame when it is due; begin anew after the last."""
        try:
            picture = self._clip.read()
        except EndOfVideo:
            self._clip.open()
            picture = self._clip.read()
        now = time.monotonic()
        self._pace.wait(max(0.0, self._next - now))
        # After a pause, go on from now: frames that are late are not played in a rush.
        self._next = max(self._next + 1 / self._clip.fps, now)
        return Picture(picture.image, None)

    def close(self) -> None:
        """Close the clip."""
        self._clip.close()


def _counts_frames(path: Path) -> bool:
    """Return whether the container counts its frames: MP4, MOV and AVI do.

    Of others OpenCV only guesses, from the longest stream's time, which may be the sound's.
    """
    with path.open("rb") as file:
        head = file.read(12)
    return head[4:8] == b"ftyp" or head[:4] == b"RIFF"
