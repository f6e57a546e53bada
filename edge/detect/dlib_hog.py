"""dlib's frontal face detector on histograms of oriented gradients."""

import dlib
import numpy as np
from numpy.typing import NDArray

from edge.face_image import Placement
from edge.records import Box


class DlibDetector:
    """Dalal and Triggs' HOG features with King's max-margin object detection (2015).

    Finds faces of at least 80 pixels in the frame it is given, hence the greater width.
    """

    # Measured on 400 FER-2013 faces: the box is 0.90 of the crop, and a tenth of it too low.
    placement = Placement(scale=1.11, shift_x=-0.02, shift_y=-0.10)
    width = 640

    def __init__(self) -> None:
        self._detector = dlib.get_frontal_face_detector()

    def detect(self, grey: NDArray[np.uint8]) -> list[Box]:
        """Return a box for every face in ``[height, width]`` uint8."""
        found = self._detector(grey, 0)
        return [Box(r.left(), r.top(), r.width(), r.height()) for r in found]
