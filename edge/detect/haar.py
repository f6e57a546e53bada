"""OpenCV's Haar cascade for frontal faces."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge.detect.detector import LARGER, MARGIN, SMALLER, Found
from edge.detect.scene import Part, Scene
from edge.errors import EdgeFerError
from edge.face_image import Placement
from edge.records import Box

_CASCADE: Final = "haarcascade_frontalface_default.xml"

_ENOUGH: Final = 6
"""Windows that agree on a face, as OpenCV's own examples ask for: more than 5 neighbours."""

_FINE: Final = 1.1
_COARSE: Final = 1.25
"""From one size of windows to the next: to tell how sure a face is, or where one may be."""

_STEP: Final = 48
"""OpenCV moves windows of at least so many pixels by 1/24 of their width, smaller ones by 1/12."""

_SMALL: Final = 36
"""A face of so many pixels is scanned by the larger steps, in a quarter of the time or less."""

_SKIPPED: Final = 4
"""Windows that there would be by the smaller steps for each of the larger ones."""

_SURE: Final = 0.5
"""The score from which a quick look is enough."""

_SIMILAR: Final = 0.2
"""How much the windows of one face may differ: OpenCV's own measure."""


class HaarDetector:
    """Viola and Jones, "Rapid Object Detection using a Boosted Cascade" (2001).

    Finds faces of at least 24 pixels in the frame scaled down, frontal ones only. The score grows
    with the number of windows that agree. Most of the cascade's work is done on windows near a
    face. All of a frame is therefore scanned with few windows, and fine ones are only where a face
    was, or where one of the coarse ones saw something.

    Parameters
    ----------
    min_score
        Faces of a lower score are not returned.
    """

    # Measured on 400 FER-2013 faces: the box is 0.96 of the crop, about the same centre.
    placement = Placement(scale=1.04, shift_x=0.0, shift_y=0.0)
    width = 800
    most_near = 1000

    def __init__(self, min_score: float = 0.5) -> None:
        path = Path(cv2.__file__).parent / "data" / _CASCADE
        self._cascade = cv2.CascadeClassifier(str(path))
        if self._cascade.empty():
            raise EdgeFerError(f"OpenCV's {_CASCADE} is missing at {path}: reinstall edge-fer")
        self._least = _ENOUGH * min_score / (1 - min_score)

    def scan(self, scene: Scene, smallest: float = 0.0, around: Sequence[Box] = ()) -> list[Found]:
        """Return the faces of all of it, wherever they are."""
        found = [face for box in around for face in self.near(scene, box)]
        # What is no face in truth must not hide one.
        rest = scene.whole(hidden=[face.box for face in found if face.score >= _SURE])
        for box, _ in self._groups(rest, _COARSE, smallest * scene.scale):
            for face in self.near(scene, box):
                # Coarse windows lie beside a face as a rule: from the face itself more is seen.
                again = self.near(scene, face.box)
                found += again if _best(again) > face.score else [face]
        return found

    def near(self, scene: Scene, box: Box) -> list[Found]:
        """Return the faces about as large as `box` and not far from it."""
        place = scene.around(box, MARGIN)
        if place is None:
            return []
        found: list[Found] = []
        if box.width * scene.scale >= _STEP:
            found = self._look(scene.part(place, _SMALL / box.width), box, _SKIPPED)
            if _best(found) >= _SURE:
                return found
        # Few windows may miss what many see.
        return max(found, self._look(scene.part(place, scene.scale), box), key=_best)

    def _look(self, part: Part, box: Box, weight: int = 1) -> list[Found]:
        """Return the faces of a part on which enough windows agree, each of a `weight`."""
        width = part.scale * box.width
        groups = self._groups(part, _FINE, SMALLER * width, math.ceil(LARGER * width))
        return [
            Found(place, weight * windows / (weight * windows + _ENOUGH))
            for place, windows in groups
            if weight * windows >= self._least
        ]

    def _groups(
        self, part: Part, factor: float, smallest: float, largest: int = 0
    ) -> list[tuple[Box, int]]:
        """Return where windows see a face, and how many; windows of these widths, 0 for any."""
        windows = self._cascade.detectMultiScale(
            part.grey, factor, 0, minSize=(int(smallest),) * 2, maxSize=(largest,) * 2
        )
        if len(windows) == 0:
            return []
        # OpenCV leaves out a window that is alone: so each is there twice.
        boxes, counts = cv2.groupRectangles(np.repeat(windows, 2, axis=0).tolist(), 1, _SIMILAR)
        return [
            (part.box(*box), int(count) // 2)
            for box, count in zip(boxes, np.ravel(counts), strict=True)
        ]


def _best(found: Sequence[Found]) -> float:
    return max((face.score for face in found), default=0.0)
