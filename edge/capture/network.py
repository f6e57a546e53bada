"""A camera on the network, by RTSP or HTTP."""

import time
from typing import Final

import cv2

from edge.capture.opencv import OpenCvReader
from edge.capture.source import Picture, SourceError
from edge.config import CaptureConfig
from edge.redact import redact

_STALLED: Final = 0.9
"""Fraction of the time limit from which a read counts as having run into it."""


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
        """Return the next frame.

        One that took the whole time limit is an old one that the decoder still held: the camera
        is frozen, and it is not passed off as fresh.
        """
        start = time.monotonic()
        image = self._reader.read()
        if image is None or time.monotonic() - start > _STALLED * self._limit_ms / 1000:
            raise SourceError(f"{self.description} gives no more frames")
        return Picture(image, None)

    def close(self) -> None:
        """Disconnect."""
        self._reader.close()
