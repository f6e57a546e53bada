"""A video file: as fast as it is read, or in real time; once, or for ever."""

import threading
import time
from pathlib import Path
from typing import Final

import cv2

from edge.capture.opencv import OpenCvReader
from edge.capture.source import EndOfVideo, SourceError
from edge.records import ImageArray

_WHOLE: Final = 0.98
"""Fraction of the frames that the container announces below which a file counts as cut."""


_FASTEST: Final = 1000
"""Frames a second above which a container's figure is taken for nonsense."""


class VideoFile:
    """A clip, from its first frame to its last.

    Parameters
    ----------
    path
        The file.
    loop
        Whether it begins anew after its last frame; its clock goes on then.
    """

    live = False

    def __init__(self, path: Path, loop: bool = False) -> None:
        self.description = str(path)
        self.damaged = 0
        self._path = path
        self._loop = loop
        self._reader = OpenCvReader(self.description)
        self._number = 0
        self._counted = False
        self._began = 0.0
        self._position = 0.0
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

    def grab(self) -> float:
        """Go to the next frame; a clip that ends well before its last frame is an error."""
        if not self._reader.grab():
            if self._number == 0 or (self._counted and self._number < self.frames * _WHOLE):
                raise SourceError(
                    f"{self.description} is cut short or damaged: "
                    f"{self._number} of its {self.frames} frames could be read"
                )
            if not self._loop:
                raise EndOfVideo
            self._began = self._position + 1 / self.fps
            self.open()
            return self.grab()
        position = self._reader.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if position <= 0:
            position = self._number / self.fps
        self._number += 1
        self._position = self._began + position
        return self._position

    def retrieve(self) -> ImageArray | None:
        """Return the frame, or None if it is damaged."""
        image = self._reader.retrieve()
        self.damaged += image is None
        return image

    def close(self) -> None:
        """Close the file."""
        self._reader.close()


class PlayedFile:
    """A clip played at its own frame rate, as a camera would give it; the demo is one.

    Parameters
    ----------
    clip
        What to play.
    description
        What to call it in logs.
    """

    live = True

    def __init__(self, clip: VideoFile, description: str) -> None:
        self.description = description
        self._clip = clip
        self._next = 0.0
        # Nothing sets it: waiting on it paces the clip, for a frame's time at most.
        self._pace = threading.Event()

    def open(self) -> None:
        """Start the clip."""
        self._clip.open()
        self._next = time.monotonic()

    def grab(self) -> None:
        """Wait until the next frame is due."""
        self._clip.grab()
        now = time.monotonic()
        self._pace.wait(max(0.0, self._next - now))
        # After a pause, go on from now: frames that are late are not played in a rush.
        self._next = max(self._next + 1 / self._clip.fps, now)

    def retrieve(self) -> ImageArray | None:
        """Return the frame, or None if it is damaged."""
        return self._clip.retrieve()

    @property
    def damaged(self) -> int:
        """Frames that came too damaged to be shown."""
        return self._clip.damaged

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
