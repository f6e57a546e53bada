"""Draws smooth shapes and letters into a picture, in sizes that suit it."""

import math
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.annotate.colours import Colour
from edge.records import ImageArray

_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX
_CAPITAL: Final = 21
"""Pixels of a capital letter at the font's scale 1."""

_FINER: Final = 4
"""Letters are drawn so many times larger and scaled down: OpenCV's own are ragged when small."""

_BITS: Final = 4
"""OpenCV takes places in sixteenths of a pixel."""

_CORNER: Final = np.linspace(0, math.pi / 2, 7)


class Rect(tuple[int, int, int, int]):
    """Left, top, right and bottom; the last two are just outside."""

    __slots__ = ()

    def common(self, other: "Rect") -> int:
        """Return how many pixels the two have in common."""
        across: int = min(self[2], other[2]) - max(self[0], other[0])
        down: int = min(self[3], other[3]) - max(self[1], other[1])
        return max(across, 0) * max(down, 0)

    def within(self, width: int, height: int) -> "Rect":
        """Return the part that lies in a picture of this size; it may be empty."""
        left, right = (min(max(0, x), width) for x in (self[0], self[2]))
        top, bottom = (min(max(0, y), height) for y in (self[1], self[3]))
        return Rect((left, top, right, bottom))


class Pen:
    """Draws into `picture`.

    Attributes
    ----------
    unit
        The width of a fine line: 1 in a picture of 720 lines.
    """

    def __init__(self, picture: ImageArray) -> None:
        self.picture = picture
        self.height, self.width = int(picture.shape[0]), int(picture.shape[1])
        self.unit: float = max(0.5, min(self.height, self.width) / 720)

    def px(self, units: float) -> int:
        """Return a length in pixels, 1 at least."""
        return max(1, round(units * self.unit))

    def outline(self, rect: Rect, radius: float, colour: Colour, thickness: int) -> None:
        """Draw a rounded rectangle's line."""
        points = _rounded(rect, radius)
        cv2.polylines(self.picture, [points], True, colour, thickness, cv2.LINE_AA, _BITS)

    def fill(self, rect: Rect, radius: float, colour: Colour, alpha: float = 1.0) -> None:
        """Fill a rounded rectangle, with what is below it shining through below `alpha` 1."""
        if alpha >= 1:
            cv2.fillPoly(self.picture, [_rounded(rect, radius)], colour, cv2.LINE_AA, _BITS)
            return
        left, top, right, bottom = rect.within(self.width, self.height)
        below = self.picture[top:bottom, left:right]
        if below.size:
            moved = Rect((rect[0] - left, rect[1] - top, rect[2] - left, rect[3] - top))
            above = below.copy()
            cv2.fillPoly(above, [_rounded(moved, radius)], colour, cv2.LINE_AA, _BITS)
            below[:] = cv2.addWeighted(above, alpha, below, 1 - alpha, 0)

    def text(self, text: str, left: int, base: int, size: float, colour: Colour) -> None:
        """Write with capitals `size` pixels high, on the line `base`."""
        mask, ascent = _letters(text, size)
        top = base - ascent
        part = Rect((left, top, left + mask.shape[1], top + mask.shape[0]))
        x, y, right, bottom = part.within(self.width, self.height)
        below = self.picture[y:bottom, x:right]
        if below.size:
            share = mask[y - top : bottom - top, x - left : right - left, None]
            below[:] = (below + share * (np.asarray(colour, np.float32) - below)).round()

    def text_width(self, text: str, size: float) -> int:
        """Return how many pixels wide a text is."""
        return int(_letters(text, size)[0].shape[1])


@lru_cache(1024)
def _letters(text: str, size: float) -> tuple[NDArray[np.float32], int]:
    """Return how much of each pixel a text covers, 0..1, and the rows above its base line."""
    scale = _FINER * size / _CAPITAL
    stroke = max(_FINER // 2, round(0.15 * _FINER * size))
    (wide, high), below = cv2.getTextSize(text, _FONT, scale, stroke)
    ascent = math.ceil((high + stroke) / _FINER)
    shape = (ascent + math.ceil((below + stroke) / _FINER), math.ceil(wide / _FINER))
    fine = np.zeros((shape[0] * _FINER, shape[1] * _FINER), np.uint8)
    cv2.putText(fine, text, (0, ascent * _FINER), _FONT, scale, 255, stroke, cv2.LINE_AA)
    small = cv2.resize(fine, shape[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small / 255, np.float32), ascent


def _rounded(rect: Rect, radius: float) -> NDArray[np.int32]:
    left, top, right, bottom = rect[0], rect[1], rect[2] - 1, rect[3] - 1
    radius = max(0.0, min(radius, (right - left) / 2, (bottom - top) / 2))
    centres = (
        (right - radius, bottom - radius),
        (left + radius, bottom - radius),
        (left + radius, top + radius),
        (right - radius, top + radius),
    )
    points = [
        (x + radius * math.cos(angle + turn), y + radius * math.sin(angle + turn))
        for (x, y), turn in zip(centres, (0, math.pi / 2, math.pi, 1.5 * math.pi), strict=True)
        for angle in _CORNER
    ]
    return (np.asarray(points) * (1 << _BITS)).round().astype(np.int32)
