"""A camera on the network, by RTSP or HTTP."""

import cv2

from edge.capture.opencv import OpenCvReader
from edge.capture.source import Picture, SourceError
from edge.config import CaptureConfig
from edge.redact import redact


class NetworkStream:
    """An ``rtsp://`` or ``http://`` stream, read by OpenCV's FFmpeg.

    RTSP runs over TCP where the server can, as is OpenCV's default.
    """

    live = True

    def __init__(self, url: str, config: CaptureConfig) -> None:
        self.description = redact(url)
        self._url = url
        self._limit_ms = round(config.stall_seconds * 1000)
        self._reader = OpenCvReader(self.description)

    def open(self) -> None:
        """Connect; fails after `stall_seconds` at the latest."""
        limits = (
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, self._limit_ms,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC, self._limit_ms,
        )  # fmt: skip
        self._reader.open(self._url, cv2.CAP_FFMPEG, limits)

    def read(self) -> Picture:
        """Return the next frame."""
        image = self._reader.read()
        if image is None:
            raise SourceError(f"{self.description} gives no more frames")
        return Picture(image, None)

    def close(self) -> None:
        """Disconnect."""
        self._reader.close()
