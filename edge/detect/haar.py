"""OpenCV's Haar cascade for frontal faces."""

import math
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.detect.detector import Found
from edge.errors import EdgeFerError
from edge.face_image import Placement
from edge.records import Box

_SAME_FACE: Final = 0.3
"""Intersection over union from which two boxes are the same face."""

_CASCADE: Final = "haarcascade_frontalface_default.xml"

_ENOUGH: Final = 6
"""Windows that agree on a face, as OpenCV's own examples ask for: more than 5 neighbours."""


class HaarDetector:
    """Viola and Jones, "Rapid Object Detection using a Boosted Cascade" (2001).

    Finds faces of at least 24 pixels in the frame it is given, frontal ones only. The score grows
    with the number of windows that agree.

    Parameters
    ----------
    min_score
        Faces of a lower score are not returned.
    """

    # Measured on 400 FER-2013 faces: the box is 0.96 of the crop, about the same centre.
    placement = Placement(scale=1.04, shift_x=0.0, shift_y=0.0)
    width = 480

    def __init__(self, min_score: float = 0.5) -> None:
        path = Path(cv2.__file__).parent / "data" / _CASCADE
        self._cascade = cv2.CascadeClassifier(str(path))
        if self._cascade.empty():
            raise EdgeFerError(f"OpenCV's {_CASCADE} is missing at {path}: reinstall edge-fer")
        # OpenCV returns the groups of more windows than it is told, not of as many.
        self._neighbours = max(1, math.ceil(_ENOUGH * min_score / (1 - min_score)) - 1)

    def detect(
        self, grey: NDArray[np.uint8], smallest: int = 0, largest: int | None = None
    ) -> list[Found]:
        """Return every face in ``[height, width]`` uint8 of a width between these, in pixels."""
        found, hits = self._cascade.detectMultiScale2(
            grey,
            scaleFactor=1.1,
            minNeighbors=self._neighbours,
            minSize=(smallest, smallest),
            maxSize=(largest or 0, largest or 0),
        )
        if len(found) == 0:
            return []
        # The cascade's own grouping leaves boxes that share half of a face: the one that more
        # windows agreed on is kept.
        boxes = [tuple(int(side) for side in box) for box in found]
        counts = [float(count) for count in hits]
        kept = [int(place) for place in cv2.dnn.NMSBoxes(boxes, counts, 0.0, _SAME_FACE)]
        return [Found(Box(*boxes[i]), counts[i] / (counts[i] + _ENOUGH)) for i in kept]
