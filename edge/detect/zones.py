"""Parts of the picture where faces count, and where they do not."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.records import Box

Polygon = Sequence[tuple[float, float]]
"""Corners as fractions of the frame's width and height, 0..1 from its top left."""

_GRID: Final = 1_000_000


class Zones:
    """Tells whether a face lies where it counts: its centre decides.

    Parameters
    ----------
    include
        Faces count inside any of these, everywhere if there are none.
    mask
        Faces inside any of these never count.
    """

    def __init__(self, include: Sequence[Polygon] = (), mask: Sequence[Polygon] = ()) -> None:
        self._include = [_corners(polygon) for polygon in include]
        self._mask = [_corners(polygon) for polygon in mask]

    def admit(self, box: Box, size: tuple[int, int]) -> bool:
        """Return whether a face at `box` counts, in a frame of width and height `size`."""
        width, height = size
        across, down = (box.x + box.width / 2) / width, (box.y + box.height / 2) / height
        # A face that leans out of the picture counts with the edge that it is at.
        centre = (_GRID * min(max(across, 0.0), 1.0), _GRID * min(max(down, 0.0), 1.0))
        included = not self._include or _inside(self._include, centre)
        return included and not _inside(self._mask, centre)


def _corners(polygon: Polygon) -> NDArray[np.int32]:
    return (np.asarray(polygon) * _GRID).round().astype(np.int32)


def _inside(polygons: Sequence[NDArray[np.int32]], point: tuple[float, float]) -> bool:
    """Return whether `point` lies in any polygon, or on its edge."""
    return any(cv2.pointPolygonTest(polygon, point, measureDist=False) >= 0 for polygon in polygons)
