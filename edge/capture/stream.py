"""A camera on the network, by RTSP or HTTP, read by FFmpeg through PyAV."""

import time
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, urlsplit

import av
import av.error
import cv2
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge.capture.source import SourceError
from edge.config import CaptureConfig
from edge.records import ImageArray
from edge.redact import redact

_HEAL_SECONDS: Final = 3.0
"""Pictures build on those before them. After damage they are left out until the next key picture,
or for this long: some cameras send none and refresh a stripe at a time."""

_STALLED: Final = 0.9
"""Fraction of the time limit from which a wait counts as having run into it."""

_TURNS: Final = {
    90: cv2.ROTATE_90_COUNTERCLOCKWISE,
    -90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    -180: cv2.ROTATE_180,
}


class NetworkStream:
    """An ``rtsp://`` or ``http://`` stream: RTSP, MJPEG, HLS and what else FFmpeg knows.

    Parameters
    ----------
    url
        With or without user and password.
    config
        Transport and time limits.
    username, password
        Take the place of those in the URL.
    """

    live = True

    def __init__(
        self,
        url: str,
        config: CaptureConfig,
        username: str | None = None,
        password: str | None = None,
    ) -> None:
        self.description = redact(url)
        self.damaged = 0
        self._url = url if username is None else _with_login(url, username, password or "")
        self._config = config
        self._container: InputContainer | None = None
        self._pictures: Iterator[VideoFrame] = iter(())
        self._picture: VideoFrame | None = None

    def open(self) -> None:
        """Connect, find the video and ask for it; fails after `stall_seconds` at the latest."""
        limit = self._config.stall_seconds
        # What the frame rate may be is of no use to us, and to find out takes FFmpeg a second.
        options = {"fpsprobesize": "0"}
        if self._url.lower().startswith("rtsp"):
            options["rtsp_transport"] = self._config.transport
        try:
            container = av.open(self._url, options=options, timeout=(limit, limit))
        except (av.error.FFmpegError, ValueError, OSError) as error:
            raise SourceError(f"{self.description}: {_reason(error)}") from None
        if not container.streams.video:
            container.close()
            raise SourceError(f"{self.description} has no video")
        self._container = container
        video = container.streams.video[0]
        # Threads by frame would hold back as many frames as there are threads.
        video.thread_type = "SLICE"
        video.codec_context.options = {"err_detect": "explode"}
        self._pictures = self._decode(container, video)

    def grab(self) -> None:
        """Wait for the next sound picture.

        The one that comes when the time limit has run out is an old one that FFmpeg still held.
        The camera is frozen then, and it is not passed off as fresh.
        """
        start = time.monotonic()
        try:
            self._picture = next(self._pictures)
        except StopIteration:
            raise SourceError(f"{self.description} gives no more frames") from None
        except (av.error.FFmpegError, ValueError, OSError) as error:
            raise SourceError(f"{self.description}: {_reason(error)}") from None
        if time.monotonic() - start > _STALLED * self._config.stall_seconds:
            raise SourceError(f"{self.description} gives no more frames")

    def retrieve(self) -> ImageArray:
        """Return the grabbed picture, upright."""
        if self._picture is None:
            raise SourceError(f"no picture of {self.description} was grabbed")
        try:
            image: Any = self._picture.to_ndarray(format="bgr24")
        except (av.error.FFmpegError, ValueError) as error:
            raise SourceError(f"{self.description}: a picture of no use: {error}") from None
        turn = _TURNS.get(self._picture.rotation)
        return np.asarray(image if turn is None else cv2.rotate(image, turn), np.uint8)

    def close(self) -> None:
        """Disconnect."""
        self._pictures, self._picture = iter(()), None
        if self._container is not None:
            self._container.close()
            self._container = None

    def _decode(self, container: InputContainer, video: VideoStream) -> Iterator[VideoFrame]:
        """Give the pictures that are whole, and build on whole ones."""
        healed = -1.0  # monotonic time from which pictures are shown again
        sound = time.monotonic()
        for packet in container.demux(video):
            if packet.size == 0:  # the end, or the time limit: what would come now is old
                return
            try:
                pictures = packet.decode()
            except av.error.InvalidDataError:
                self.damaged += 1
                healed = time.monotonic() + _HEAL_SECONDS
                pictures = []
            for picture in pictures:
                if picture.is_corrupt or (time.monotonic() < healed and not picture.key_frame):
                    self.damaged += 1
                else:
                    healed = -1.0
                    yield picture
                    sound = time.monotonic()
            if time.monotonic() - sound > self._config.stall_seconds:
                raise SourceError(f"{self.description} gives no picture that is whole")


def _with_login(url: str, username: str, password: str) -> str:
    parts = urlsplit(url)
    login = f"{quote(username, safe='')}:{quote(password, safe='')}"
    return parts._replace(netloc=f"{login}@{parts.netloc.rpartition('@')[2]}").geturl()


_REASONS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (av.error.HTTPUnauthorizedError, "wrong or missing user and password (401)"),
    (av.error.HTTPForbiddenError, "this user may not see the stream (403)"),
    (av.error.HTTPNotFoundError, "no stream at this path (404)"),
    (av.error.ExitError, "no answer in time"),
    (ConnectionRefusedError, "connection refused: is the camera on, and the port right?"),
    (av.error.InvalidDataError, "no answer, or none that is video"),
)


def _reason(error: Exception) -> str:
    """Say what FFmpeg's error means to a user; its own words would hold the URL."""
    for kind, text in _REASONS:
        if isinstance(error, kind):
            return text
    return str(getattr(error, "strerror", None) or type(error).__name__)
