"""From a full frame to its faces: a small grey picture to scan, boxes scaled back, filters."""

from typing import Final

import cv2
import numpy as np

from edge.config import DetectConfig
from edge.detect.detector import Detector
from edge.detect.zones import Zones
from edge.records import Box, Face, ImageArray

_HARDLY: Final = 0.2
"""The score of a face that may as well be none; below it, hardly any is one."""


class FaceFinder:
    """Finds the faces of a full frame with a detector that scans a small one.

    Parameters
    ----------
    detector
        Haar or dlib.
    width
        Frames wider than this are scaled down to it before they are scanned; None for the
        detector's own.
    min_size
        Faces narrower than so many pixels of the full frame do not count.
    min_score
        Nor do those that are less likely.
    zones
        Where faces count.
    every_face
        Whether to look also for faces that are too small to count.
    """

    def __init__(
        self,
        detector: Detector,
        width: int | None,
        min_size: int = 0,
        min_score: float = 0.0,
        zones: Zones | None = None,
        every_face: bool = False,
    ) -> None:
        self._detector = detector
        self._width = width or detector.width
        self._min_size = min_size
        self._min_score = min_score
        self._zones = zones or Zones()
        self._smallest = 0 if every_face else min_size

    def find(self, image: ImageArray) -> tuple[Face, ...]:
        """Return the faces that count in ``[height, width, 3]``, from left to right."""
        return tuple(face for face in self.find_all(image) if face.counts)

    def find_all(self, image: ImageArray) -> tuple[Face, ...]:
        """Return all faces that the detector finds, those too that do not count."""
        height, width = image.shape[:2]
        scale = min(1.0, self._width / width)
        if scale < 1:
            size = (self._width, max(1, round(height * scale)))
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
        faces = []
        for found in self._detector.detect(grey, int(self._smallest * scale)):
            small = found.box
            sides = (small.x, small.y, small.width, small.height)
            box = Box(*(round(side / scale) for side in sides))
            counts = box.width >= self._min_size and found.score >= self._min_score
            counts = counts and self._zones.admit(box, (width, height))
            region = self._detector.placement.region(box)
            faces.append(Face(box, region, found.score, found.turned, counts))
        return tuple(sorted(faces, key=lambda face: (face.box.x, face.box.y)))


def make_finder(config: DetectConfig, every_face: bool = False) -> FaceFinder:
    """Build the finder that the configuration names.

    With `every_face` it also finds faces too small or too unlikely to count: to blur them.
    """
    score = min(config.min_score, _HARDLY) if every_face else config.min_score
    zones = Zones(config.include, config.mask)
    detector = _DETECTORS[config.kind](score)
    return FaceFinder(detector, config.width, config.min_size, config.min_score, zones, every_face)


def _haar(min_score: float) -> Detector:
    from edge.detect.haar import HaarDetector

    return HaarDetector(min_score)


def _dlib(min_score: float) -> Detector:
    from edge.detect.dlib_hog import DlibDetector

    return DlibDetector(min_score)


_DETECTORS: Final = {"haar": _haar, "dlib": _dlib}
