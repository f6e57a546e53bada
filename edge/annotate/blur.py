"""Makes faces unrecognizable."""

from typing import Final

import cv2

from edge.annotate.pen import Rect
from edge.records import ImageArray

_MARGIN: Final = 0.3
"""By so much of its size a box is grown on every side: hair, ears and chin lie outside."""

_BLOCKS: Final = 5
"""A face with its margin is left as so many squares, three across the face itself."""


def pixelate(picture: ImageArray, rect: Rect) -> None:
    """Leave of a face and what is around it nothing but a few squares of their mean colour."""
    left, top, right, bottom = rect
    across, down = round(_MARGIN * (right - left)), round(_MARGIN * (bottom - top))
    height, width = picture.shape[:2]
    grown = Rect((left - across, top - down, right + across, bottom + down))
    left, top, right, bottom = grown.within(width, height)
    face = picture[top:bottom, left:right]
    if not face.size:
        return
    # A face that leans out of the picture has no more squares than its part of it.
    columns = max(1, round(_BLOCKS * (right - left) / (grown[2] - grown[0])))
    rows = max(1, round(_BLOCKS * (bottom - top) / (grown[3] - grown[1])))
    few = cv2.resize(face, (columns, rows), interpolation=cv2.INTER_AREA)
    face[:] = cv2.resize(few, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)
