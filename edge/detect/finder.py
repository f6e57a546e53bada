"""From a full frame to its faces: a small grey picture to scan, boxes scaled back, filters."""

import math
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.config import DetectConfig
from edge.detect.detector import Detector
from edge.detect.zones import Zones
from edge.records import Box, Face, ImageArray

_HARDLY: Final = 0.2
"""The score of a face that may as well be none; below it, hardly any is one."""

_MARGIN: Final = 0.3
"""By so much of its width a face may have moved since the frame before, to any side."""

_SMALLER: Final = 0.8
_LARGER: Final = 1.3
"""How its width may have changed; with room for the neighbouring sizes that a score counts."""

_MUCH: Final = 0.6
"""The part of the frame from which places are no less work than all of it."""


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
        grey = _grey(image)
        return _in_order(self._scan(grey, (0, 0, grey.shape[1], grey.shape[0])))

    def find_near(
        self, image: ImageArray, known: Sequence[Face], missed: Sequence[Face] = ()
    ) -> tuple[Face, ...] | None:
        """Return the faces around those that were there before, found anew.

        Parameters
        ----------
        image
            ``[height, width, 3]``
        known
            The faces of the frame before.
        missed
            Faces that were there a moment ago, and may be back.

        Returns
        -------
        tuple of Face, or None
            None if a known one is not where it was, or all the places together are no less work
            than the whole frame: it is to be scanned then.
        """
        grey = _grey(image)
        faces = [*known, *missed]
        places = [_around(face.box, grey) for face in faces]
        whole = grey.shape[0] * grey.shape[1]
        if sum(width * height for _, _, width, height in places) > _MUCH * whole:
            return None
        found: list[Face] = []
        for face, place in zip(faces, places, strict=True):
            if place[2] < 1 or place[3] < 1:
                return None
            sizes = (_SMALLER * face.box.width, _LARGER * face.box.width)
            found += self._scan(grey, place, sizes)
        found = _without_doubles(found)
        if not all(any(face.same(new) for new in found) for face in known):
            return None
        return _in_order(found)

    def _scan(
        self,
        grey: NDArray[np.uint8],
        place: tuple[int, int, int, int],
        sizes: tuple[float, float] | None = None,
    ) -> list[Face]:
        """Scan a part of the frame for faces of some widths, all in pixels of the frame."""
        left, top, width, height = place
        scale = min(1.0, self._width / grey.shape[1])
        part = grey[top : top + height, left : left + width]
        if scale < 1:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
        smallest, largest = self._smallest * scale, None
        if sizes is not None:
            smallest, largest = max(smallest, sizes[0] * scale), math.ceil(sizes[1] * scale)
        faces = []
        for found in self._detector.detect(part, int(smallest), largest):
            small = found.box
            box = Box(
                left + round(small.x / scale),
                top + round(small.y / scale),
                round(small.width / scale),
                round(small.height / scale),
            )
            counts = box.width >= self._min_size and found.score >= self._min_score
            counts = counts and self._zones.admit(box, (grey.shape[1], grey.shape[0]))
            region = self._detector.placement.region(box)
            faces.append(Face(box, region, found.score, found.turned, counts))
        return faces


def _in_order(faces: Sequence[Face]) -> tuple[Face, ...]:
    return tuple(sorted(faces, key=lambda face: (face.box.x, face.box.y)))


def _grey(image: ImageArray) -> NDArray[np.uint8]:
    # Before anything is made smaller: of one channel that takes half of the time.
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


def _around(box: Box, grey: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Return where a face may be a frame later, within the frame: x, y, width and height."""
    margin = round(_MARGIN * box.width)
    left, top = max(0, box.x - margin), max(0, box.y - margin)
    right = min(grey.shape[1], box.x + box.width + margin)
    bottom = min(grey.shape[0], box.y + box.height + margin)
    return left, top, right - left, bottom - top


def _without_doubles(faces: Sequence[Face]) -> list[Face]:
    """Keep the likelier of two that are one face, found around two others."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if not any(face.same(other) for other in kept):
            kept.append(face)
    return kept


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
