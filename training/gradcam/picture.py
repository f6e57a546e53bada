"""The picture: every face beside itself under its heat, in rows."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from edge.emotions import EMOTIONS
from edge.face_image import FaceImage
from training.figures import Tile, tile_grid
from training.gradcam.faces import ShownFace
from training.gradcam.heat import FloatArray

FACES_A_ROW: Final = 4

_BETWEEN: Final = 2
"""White columns between a face and itself under its heat."""

_STRENGTH: Final = 0.7
"""Share of the colour where the heat is 1; where it is 0 the face stays grey."""


def overlay(face: FaceImage, heat: FloatArray) -> NDArray[np.uint8]:
    """Lay heat ``[48, 48]`` in 0..1 over a grey face; gives uint8 RGB ``[48, 48, 3]``."""
    colours = 255 * mpl.colormaps["turbo"](heat)[..., :3]
    share = _STRENGTH * heat[..., np.newaxis]
    return np.asarray(np.rint((1 - share) * face[..., np.newaxis] + share * colours), np.uint8)


def draw(faces: Sequence[ShownFace], said: FloatArray, heat: FloatArray, title: str) -> Figure:
    """Draw faces with what the network said of them.

    Parameters
    ----------
    faces
        In the order of their rows; a long row is broken after `FACES_A_ROW`.
    said
        Probabilities ``[n, 7]``.
    heat
        float32 ``[n, 48, 48]`` in 0..1.
    """
    return tile_grid(list(_rows(faces, said, heat)), title)


def _rows(
    faces: Sequence[ShownFace], said: FloatArray, heat: FloatArray
) -> Iterator[tuple[str, list[Tile]]]:
    tiles = (
        (face.row, Tile(_pair(face.image, h), _caption(face, p, h)))
        for face, p, h in zip(faces, said, heat, strict=True)
    )
    for row, group in groupby(tiles, key=lambda tile: tile[0]):
        of_row = [tile for _, tile in group]
        for at in range(0, len(of_row), FACES_A_ROW):
            yield row if at == 0 else "", of_row[at : at + FACES_A_ROW]


def _pair(face: FaceImage, heat: FloatArray) -> NDArray[np.uint8]:
    grey = np.repeat(face[..., np.newaxis], 3, axis=2)
    between = np.full((len(face), _BETWEEN, 3), 255, np.uint8)
    return np.hstack([grey, between, overlay(face, heat)])


def _caption(face: ShownFace, said: FloatArray, heat: FloatArray) -> str:
    label = "" if face.label is None else f"{EMOTIONS[face.label]} → "
    nothing = "" if heat.any() else ", no heat"
    return f"{label}{EMOTIONS[said.argmax()]} {said.max():.2f}{nothing}"
