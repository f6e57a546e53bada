"""From a full frame to its faces: a small grey picture to scan, boxes scaled back, filters."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from edge.config import DetectConfig
from edge.detect.detector import Detector, Found
from edge.detect.scene import Scene
from edge.detect.zones import Zones
from edge.records import Box, Face, GreyArray, ImageArray

_HARDLY: Final = 0.2
"""The score of a face that may as well be none; below it, hardly any is one."""

_HIDDEN: Final = 0.5
"""A face of which another hides so much is not seen: it is a part of the other, found again."""


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

    def find(self, image: ImageArray | GreyArray) -> tuple[Face, ...]:
        """Return the faces that count in a picture, from left to right.

        Parameters
        ----------
        image
            uint8 ``[height, width]``, or in colour ``[height, width, 3]``.
        """
        return tuple(face for face in self.find_all(image) if face.counts)

    def find_all(
        self, image: ImageArray | GreyArray, known: Sequence[Face] = ()
    ) -> tuple[Face, ...]:
        """Return all faces that the detector finds, those too that do not count.

        Parameters
        ----------
        image
            As for `find`.
        known
            The faces of the frame before: some detectors find those sooner.
        """
        grey = _grey(image)
        around = [face.box for face in known]
        return self._faces(grey, self._detector.scan(self._scene(grey), self._smallest, around))

    def find_near(
        self, image: ImageArray | GreyArray, known: Sequence[Face], missed: Sequence[Face] = ()
    ) -> tuple[Face, ...] | None:
        """Return the faces around those that were there before, found anew.

        Parameters
        ----------
        image
            As for `find`.
        known
            The faces of the frame before.
        missed
            Faces that were there a moment ago, and may be back.

        Returns
        -------
        tuple of Face, or None
            None if a known one is not where it was, or there are so many that they are no less
            work than the whole frame: it is to be scanned then.
        """
        grey = _grey(image)
        scene = self._scene(grey)
        boxes = [face.box for face in (*known, *missed)]
        if len(boxes) > self._detector.most_near:
            return None
        found = [face for box in boxes for face in self._detector.near(scene, box)]
        faces = self._faces(grey, found)
        if not all(any(face.same(new) for new in faces) for face in known):
            return None
        return faces

    def _scene(self, grey: GreyArray) -> Scene:
        return Scene(grey, self._width)

    def _faces(self, grey: GreyArray, found: Sequence[Found]) -> tuple[Face, ...]:
        """Return what was found as faces, from left to right; of two that are one the likelier."""
        kept: list[Face] = []
        for each in sorted(found, key=lambda found: -found.score):
            box = each.box
            if box.width < self._smallest:
                continue
            counts = box.width >= self._min_size and each.score >= self._min_score
            counts = counts and self._zones.admit(box, (grey.shape[1], grey.shape[0]))
            region = self._detector.placement.region(box)
            face = Face(box, region, each.score, each.turned, counts)
            if not any(_doubled(face.box, other.box) for other in kept):
                kept.append(face)
        return tuple(sorted(kept, key=lambda face: (face.box.x, face.box.y)))


def _doubled(one: Box, other: Box) -> bool:
    """Return whether two boxes hide each other too much to be of two faces."""
    union = one.overlap(other)
    common = union * (one.area + other.area) / (1 + union)
    return common > _HIDDEN * min(one.area, other.area)


def _grey(image: ImageArray | GreyArray) -> GreyArray:
    # Before anything is made smaller: of one channel that takes half of the time.
    colour = image.shape[2:]
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8) if colour else image


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
