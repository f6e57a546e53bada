"""What people see of a frame: boxes and labels over it, faces blurred if they are to be."""

from collections.abc import Sequence

import cv2
import numpy as np

from edge.annotate.blur import pixelate
from edge.annotate.colours import COLOURS
from edge.annotate.marks import draw_box, draw_fps, draw_label, draw_notice, draw_probabilities
from edge.annotate.pen import Pen, Rect
from edge.records import Box, ImageArray, Showing

__all__ = ["COLOURS", "annotate", "notice"]


def annotate(
    image: ImageArray,
    faces: Sequence[Showing],
    width: int | None = None,
    hidden: Sequence[Box] = (),
    probabilities: bool = False,
    fps: float | None = None,
) -> ImageArray:
    """Return a copy of the frame with a box and what it shows for every face.

    Parameters
    ----------
    image
        The frame, ``[height, width, 3]``.
    faces
        Readings or tracks; of a track its number is shown too.
    width
        Of the copy; None, or more than the frame's, leaves the frame's size. Marks are drawn at
        the copy's size, so that they are crisp.
    hidden
        Where faces are to be made unrecognizable.
    probabilities
        Whether to draw those of all seven emotions.
    fps
        Frames a second to write into a corner, if any.
    """
    picture = _sized(image, width)
    scale = picture.shape[1] / image.shape[1]
    for box in hidden:
        pixelate(picture, _rect(box, scale))
    pen = Pen(picture)
    placed = [
        (rect, face)
        for face in faces
        if _visible(rect := _rect(face.box, scale).within(pen.width, pen.height))
    ]
    for rect, face in placed:
        draw_box(pen, rect, face)
    taken = [rect for rect, _ in placed]
    marks = (draw_label, draw_probabilities) if probabilities else (draw_label,)
    for draw in marks:
        for rect, face in placed:
            taken.append(draw(pen, rect, face, taken))
    if fps is not None:
        draw_fps(pen, fps)
    return picture


def notice(size: tuple[int, int], text: str, width: int | None = None) -> ImageArray:
    """Return a dark picture of a frame's width and height, or of `width`, that says something."""
    across, down = _scaled(size, width)
    picture = np.zeros((down, across, 3), np.uint8)
    draw_notice(Pen(picture), text)
    return picture


def _sized(image: ImageArray, width: int | None) -> ImageArray:
    own = image.shape[1], image.shape[0]
    size = _scaled(own, width)
    if size == own:
        return image.copy()
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _scaled(size: tuple[int, int], width: int | None) -> tuple[int, int]:
    if width is None or width >= size[0]:
        return size
    return width, max(1, round(size[1] * width / size[0]))


def _rect(box: Box, scale: float) -> Rect:
    corners = (box.x, box.y, box.x + box.width, box.y + box.height)
    left, top, right, bottom = (round(corner * scale) for corner in corners)
    return Rect((left, top, max(right, left + 1), max(bottom, top + 1)))


def _visible(rect: Rect) -> bool:
    return rect[2] - rect[0] > 1 and rect[3] - rect[1] > 1
