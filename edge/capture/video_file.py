"""A video file: as fast as it is read, or in real time; once, or for ever."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import av
import av.error
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge.capture.picture import decoded
from edge.capture.source import EndOfVideo, SourceError
from edge.records import Picture

_WHOLE: Final = 0.98
"""Fraction of the frames that the container announces below which a file counts as cut."""

_FASTEST: Final = 1000
"""Frames a second above which a container's figure is taken for nonsense."""


class VideoFile:
    """A clip, from its first frame to its last, read by FFmpeg through PyAV.

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
        self._container: InputContainer | None = None
        self._pictures: Iterator[VideoFrame] = iter(())
        self._picture: VideoFrame | None = None
        self._number = 0
        self._announced = 0
        self._hidden = 0
        """Frames that the container has and does not show: those before where it was cut."""
        self._first = 0.0
        self._began = 0.0
        self._position = 0.0
        self.frames = 0
        """Frames that the container announces, or seems to; 0 if none. Set by `open`."""
        self.fps = 0.0
        """Frames a second of the clip; 25 where the container does not say. Set by `open`."""

    def open(self) -> None:
        """Open the clip at its first frame."""
        self.close()
        try:
            self._container = av.open(str(self._path), metadata_errors="replace")
            video = self._container.streams.best("video")
        except (av.error.FFmpegError, ValueError, OSError):
            raise self._unreadable() from None
        if not isinstance(video, VideoStream):
            raise SourceError(f"{self.description} has no video in it")
        if video.codec_context is None:  # of a kind that this FFmpeg cannot decode
            raise self._unreadable()
        # Each thread holds a frame back, and memory for some.
        video.codec_context.thread_count = 2
        video.thread_type = "AUTO"
        self._number = self._hidden = 0
        fps = float(video.average_rate or video.guessed_rate or 0)
        self.fps = fps if 0 < fps <= _FASTEST else 25.0
        # MP4, MOV and AVI count their frames; of others their number can only be guessed.
        self._announced = video.frames
        if self._container.format.name.startswith("mov,mp4"):
            # FFmpeg leaves groups of pictures out that an edit list hides as a whole.
            self._announced = min(self._announced, len(video.index_entries))
        self.frames = self._announced or max(0, round(self.fps * _seconds(self._container, video)))
        self._first = float((video.start_time or 0) * (video.time_base or 0))
        self._pictures = self._decode(self._container, video)

    def grab(self) -> float:
        """Go to the next frame; a clip that ends well before its last frame is an error."""
        try:
            self._picture = next(self._pictures)
        except StopIteration:
            if self._number == 0 and not self._announced:
                raise self._unreadable() from None
            if self._number == 0 or self._number + self._hidden < self._announced * _WHOLE:
                raise SourceError(
                    f"{self.description} is cut short or damaged: "
                    f"{self._number} of its {self.frames} frames could be read"
                ) from None
            if not self._loop:
                raise EndOfVideo from None
            self._began = self._position + 1 / self.fps
            self.open()
            return self.grab()
        next_time = self._began if self._number == 0 else self._position + 1 / self.fps
        moment = self._picture.time
        given = -1.0 if moment is None else self._began + moment - self._first
        # Some containers keep no times, and AVI keeps those of decoding, which go back and forth.
        late = self._number == 0 or given > self._position
        self._position = given if given > self._began and late else next_time
        self._number += 1
        return self._position

    def retrieve(self) -> Picture | None:
        """Return the frame, or None if it is damaged."""
        picture = None if self._picture is None else decoded(self._picture)
        self.damaged += picture is None
        return picture

    def close(self) -> None:
        """Close the file."""
        self._pictures, self._picture = iter(()), None
        if self._container is not None:
            self._container.close()
            self._container = None

    def _decode(self, container: InputContainer, video: VideoStream) -> Iterator[VideoFrame]:
        """Give the pictures of a clip, but those that are too damaged to be decoded."""
        packets = container.demux(video)
        while True:
            try:
                packet = next(packets)
                self._hidden += packet.is_discard
                pictures = video.decode(packet)
            except av.error.InvalidDataError:
                self.damaged += 1
            except (StopIteration, av.error.FFmpegError, OSError):
                return
            else:
                yield from pictures

    def _unreadable(self) -> SourceError:
        return SourceError(
            f"{self.description} is not a video that can be read: it is cut short or damaged"
        )


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

    def retrieve(self) -> Picture | None:
        """Return the frame, or None if it is damaged."""
        return self._clip.retrieve()

    @property
    def damaged(self) -> int:
        """Frames that came too damaged to be shown."""
        return self._clip.damaged

    def close(self) -> None:
        """Close the clip."""
        self._clip.close()


def _seconds(container: InputContainer, video: VideoStream) -> float:
    if video.duration is not None and video.time_base is not None:
        return float(video.duration * video.time_base)
    return (container.duration or 0) / av.time_base
