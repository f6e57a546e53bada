"""What every detector shares: the small grey frame it scans, and the boxes scaled back."""

from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.config import DetectConfig
from edge.face_image import Placement
from edge.records import Box, Face, ImageArray


class Detector(Protocol):
    """Finds faces in a grey picture."""

    placement: Placement
    """Where FER-2013's own crop lies relative to this detector's boxes."""

    width: int
    """Frame width in pixels that it scans best, where the user names none."""

    def detect(self, grey: NDArray[np.uint8]) -> list[Box]:
        """Return a box for every face in ``[height, width]`` uint8."""
        ...


class FaceFinder:
    """Finds the faces of a full frame with a detector that scans a small one.

    Parameters
    ----------
    detector
        Haar or dlib.
    width
        Frames wider than this are scaled down to it before they are scanned; None for the
        detector's own.
    """

    def __init__(self, detector: Detector, width: int | None) -> None:
        self._detector = detector
        self._width = width or detector.width

    def find(self, image: ImageArray) -> tuple[Face, ...]:
        """Return the faces in ``[height, width, 3]``, from left to right."""
        height, width = image.shape[:2]
        scale = min(1.0, self._width / width)
        if scale < 1:
            size = (self._width, max(1, round(height * scale)))
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
        found = self._detector.detect(grey)
        boxes = [
            Box(*(round(side / scale) for side in (box.x, box.y, box.width, box.height)))
            for box in found
        ]
        boxes.sort(key=lambda box: (box.x, box.y))
        return tuple(Face(box, self._detector.placement.region(box)) for box in boxes)


def make_finder(config: DetectConfig) -> FaceFinder:
    """Build the finder that the configuration names."""
    return FaceFinder(_DETECTORS[config.kind](), config.width)


def _haar() -> Detector:
    from edge.detect.haar import HaarDetector

    return HaarDetector()


def _dlib() -> Detector:
    from edge.detect.dlib_hog import DlibDetector

    return DlibDetector()


_DETECTORS: Final = {"haar": _haar, "dlib": _dlib}
