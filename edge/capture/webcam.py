"""A camera on this box, through Video4Linux."""

from pathlib import Path

import cv2

from edge.capture.opencv import OpenCvReader
from edge.capture.source import Picture, SourceError
from edge.config import CaptureConfig
from edge.errors import ConfigError


class Webcam:
    """A ``/dev/video*`` device.

    Raises
    ------
    ConfigError
        If there is no such device.
    """

    live = True

    def __init__(self, device: str, config: CaptureConfig) -> None:
        if not Path(device).exists():
            there = ", ".join(sorted(str(path) for path in Path("/dev").glob("video*")))
            raise ConfigError(f"no camera at {device}: this box has {there or 'none'}")
        self.description = device
        self._limit_ms = round(config.stall_seconds * 1000)
        self._reader = OpenCvReader(device)

    def open(self) -> None:
        """Open the device."""
        self._reader.open(
            self.description, cv2.CAP_V4L2, (cv2.CAP_PROP_READ_TIMEOUT_MSEC, self._limit_ms)
        )

    def read(self) -> Picture:
        """Return the next frame."""
        image = self._reader.read()
        if image is None:
            raise SourceError(f"{self.description} gives no more frames")
        return Picture(image, None)

    def close(self) -> None:
        """Let go of the device."""
        self._reader.close()
