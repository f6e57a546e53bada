"""A camera on this box, through Video4Linux."""

import logging
import os
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge.capture.opencv import OpenCvReader
from edge.capture.picture import ColourPicture
from edge.capture.source import SourceError
from edge.config import CaptureConfig
from edge.records import ImageArray

log = logging.getLogger(__name__)

_MJPG: Final = cv2.VideoWriter.fourcc(*"MJPG")
_END_OF_JPEG: Final = b"\xff\xd9"


class Webcam:
    """A ``/dev/video*`` or ``/dev/v4l/by-id/*`` device; one that is unplugged is waited for.

    OpenCV shows a damaged JPEG as the picture before it. Frames in that format are therefore
    decoded here.
    """

    live = True

    def __init__(self, device: str, config: CaptureConfig) -> None:
        self.description = device
        self.damaged = 0
        self._config = config
        self._reader = OpenCvReader(device)
        self._jpeg = False

    def open(self) -> None:
        """Open the device and ask for the configured mode; what it cannot do, it leaves."""
        if not Path(self.description).exists():
            raise SourceError(no_device(self.description))
        # The only way to tell this back end a time limit, and the same for all webcams.
        limit = max(1, round(self._config.stall_seconds))
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(limit))
        self._reader.open(self.description, cv2.CAP_V4L2)
        config = self._config
        wanted: list[tuple[str, int, float | None]] = [
            # First the format: the sizes on offer depend on it.
            ("fourcc", cv2.CAP_PROP_FOURCC, _fourcc(config.fourcc)),
            ("width", cv2.CAP_PROP_FRAME_WIDTH, config.width),
            ("height", cv2.CAP_PROP_FRAME_HEIGHT, config.height),
            ("fps", cv2.CAP_PROP_FPS, config.fps),
        ]
        for name, prop, value in wanted:
            if value is not None and not self._reader.set(prop, value):
                log.info("%s does not take the %s it is asked for", self.description, name)
        self._jpeg = int(self._reader.get(cv2.CAP_PROP_FOURCC)) == _MJPG and self._reader.set(
            cv2.CAP_PROP_CONVERT_RGB, 0
        )

    def grab(self) -> None:
        """Wait for the next frame."""
        if not self._reader.grab():
            raise SourceError(f"{self.description} gives no more frames")

    def retrieve(self) -> ColourPicture | None:
        """Return the grabbed frame, or None if it is damaged."""
        image = self._reader.retrieve()
        if self._jpeg and image is not None:
            image = _decode(image)
        if image is None:
            self.damaged += 1
            return None
        return ColourPicture(image)

    def close(self) -> None:
        """Let go of the device."""
        self._reader.close()


def no_device(device: str) -> str:
    """Say that there is no such device, and which there are."""
    there = ", ".join(sorted(str(path) for path in Path("/dev").glob("video*")))
    return f"no camera at {device}: this box has {there or 'none'}"


def _fourcc(name: str | None) -> float | None:
    return None if name is None else float(cv2.VideoWriter.fourcc(*name))


def _decode(data: ImageArray) -> ImageArray | None:
    """Decode a JPEG; one without its end was cut on the way, and half of it would be grey.

    What follows the end is padding.
    """
    content = data.tobytes()
    end = content.rfind(_END_OF_JPEG)
    if end < 0:
        return None
    whole = np.frombuffer(content[: end + len(_END_OF_JPEG)], np.uint8)
    try:
        image = cv2.imdecode(whole, cv2.IMREAD_COLOR)
    except cv2.error:  # a size beyond all measure
        return None
    return None if image is None else np.asarray(image, np.uint8)
