"""A camera on this box, through Video4Linux."""

from pathlib import Path

import cv2

from edge.capture.opencv import OpenCvReader
from edge.capture.source import SourceError
from edge.config import CaptureConfig
from edge.records import ImageArray


class Webcam:
    """A ``/dev/video*`` or ``/dev/v4l/by-id/*`` device; one that is unplugged is waited for."""

    live = True
    damaged = 0

    def __init__(self, device: str, config: CaptureConfig) -> None:
        self.description = device
        self._config = config
        self._reader = OpenCvReader(device)

    def open(self) -> None:
        """Open the device and ask for the configured mode; what it cannot do, it leaves."""
        if not Path(self.description).exists():
            raise SourceError(no_device(self.description))
        limit_ms = round(self._config.stall_seconds * 1000)
        mode = self._config.webcam
        parameters = [cv2.CAP_PROP_READ_TIMEOUT_MSEC, limit_ms]
        if mode.fourcc is not None:  # first: the sizes on offer depend on it
            parameters += [cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*mode.fourcc)]
        for prop, value in (
            (cv2.CAP_PROP_FRAME_WIDTH, mode.width),
            (cv2.CAP_PROP_FRAME_HEIGHT, mode.height),
            (cv2.CAP_PROP_FPS, mode.fps),
        ):
            if value is not None:
                parameters += [prop, round(value)]
        self._reader.open(self.description, cv2.CAP_V4L2, parameters)

    def grab(self) -> None:
        """Wait for the next frame."""
        if not self._reader.grab():
            raise SourceError(f"{self.description} gives no more frames")

    def retrieve(self) -> ImageArray:
        """Return the grabbed frame."""
        image = self._reader.retrieve()
        if image is None:
            raise SourceError(f"{self.description} gives frames that cannot be decoded")
        return image

    def close(self) -> None:
        """Let go of the device."""
        self._reader.close()


def no_device(device: str) -> str:
    """Say that there is no such device, and which there are."""
    there = ", ".join(sorted(str(path) for path in Path("/dev").glob("video*")))
    return f"no camera at {device}: this box has {there or 'none'}"
