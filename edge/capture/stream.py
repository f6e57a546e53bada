"""A camera on the network, by RTSP or HTTP, read by FFmpeg through PyAV."""

import time
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, urlsplit

import av
import av.error
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge.capture.picture import decoded
from edge.capture.source import SourceError
from edge.config import CaptureConfig
from edge.errors import ConfigError
from edge.records import Picture
from edge.redact import redact

_HEAL_SECONDS: Final = 3.0
"""Pictures build on those before them. After damage they are left out until the next key picture,
or for this long: some cameras send none and refresh a stripe at a time."""

_STALLED: Final = 0.9
"""Fraction of the time limit from which a wait counts as having run into it."""


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
        self._flows = False

    def open(self) -> None:
        """Connect and find the video; each of the two may take `stall_seconds`."""
        limit = self._config.stall_seconds
        # What the frame rate may be is of no use to us, and to find out takes FFmpeg a second.
        options = {"fpsprobesize": "0"}
        if self._url.lower().startswith("rtsp"):
            options["rtsp_transport"] = self._config.transport
            options["allowed_media_types"] = "video"
        try:
            container = av.open(
                self._url, options=options, timeout=(limit, limit), metadata_errors="replace"
            )
        except (av.error.FFmpegError, ValueError, OSError) as error:
            raise SourceError(f"{self.description}: {_reason(error)}") from None
        if not container.streams.video:
            container.close()
            raise SourceError(f"{self.description}: no video in this stream")
        self._container = container
        video = container.streams.video[0]
        if video.codec_context is None:
            raise SourceError(f"{self.description} has video of a kind that cannot be decoded")
        # Threads by frame would hold back as many frames as there are threads.
        video.thread_type = "SLICE"
        video.codec_context.options = {"err_detect": "explode"}
        self._pictures = self._decode(container, video)

    def grab(self) -> None:
        """Wait for the next whole picture.

        The one that comes when the time limit has run out is an old one that FFmpeg still held.
        The camera is frozen then, and it is not passed off as fresh.
        """
        start = time.monotonic()
        try:
            self._picture = next(self._pictures)
        except StopIteration:
            raise SourceError(f"{self.description} gives no more frames") from None
        except (av.error.FFmpegError, ValueError, OSError) as error:
            # MJPEG that ends between two pictures is no valid data to FFmpeg.
            if self._flows and isinstance(error, av.error.InvalidDataError):
                raise SourceError(f"{self.description} gives no more frames") from None
            raise SourceError(f"{self.description}: {_reason(error)}") from None
        late = time.monotonic() - start > _STALLED * self._config.stall_seconds
        if late and self._flows:
            raise SourceError(f"{self.description} gives no more frames")
        self._flows = True

    def retrieve(self) -> Picture | None:
        """Return the grabbed picture, upright, or None if it cannot be converted."""
        if self._picture is None:
            return None
        picture = decoded(self._picture)
        self.damaged += picture is None
        return picture

    def close(self) -> None:
        """Disconnect."""
        self._pictures, self._picture = iter(()), None
        if self._container is not None:
            self._container.close()
            self._container = None

    def _decode(self, container: InputContainer, video: VideoStream) -> Iterator[VideoFrame]:
        """Give the pictures that are whole, and build on whole ones."""
        healed = -1.0  # monotonic time from which pictures are shown again
        whole = time.monotonic()  # time of the last whole picture
        limit = self._config.stall_seconds
        # All streams, and not the video alone: while sound comes, the wait for video has no limit.
        for packet in container.demux():
            if time.monotonic() - whole > limit:
                raise SourceError(f"{self.description}: no whole picture for {limit:g} s")
            if packet.stream is not video:
                continue
            if packet.size == 0:  # the end, or the time limit: what would come now is old
                return
            try:
                pictures = video.decode(packet)
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
                    whole = time.monotonic()


def _with_login(url: str, username: str, password: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:  # its own words may hold a password
        raise ConfigError(f"{redact(url)} is no URL") from None
    login = f"{quote(username, safe='')}:{quote(password, safe='')}"
    return parts._replace(netloc=f"{login}@{parts.netloc.rpartition('@')[2]}").geturl()


_REASONS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (av.error.HTTPUnauthorizedError, "wrong or missing user and password (401)"),
    (av.error.HTTPForbiddenError, "this user may not see the stream (403)"),
    (av.error.HTTPNotFoundError, "no stream at this path (404)"),
    # What RTSP servers say to those who ask for the video of a stream of sound.
    (av.error.HTTPOtherClientError, "no video, or the camera refuses it (4xx)"),
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
