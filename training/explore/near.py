"""The same photograph with other pixels: saved again, lighter or darker, with a watermark."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.emotions import FACE_SIZE
from training.data import DataSet, Split
from training.duplicates import Duplicates, Face

SIDE: Final = 16
"""Side in pixels of the small faces that are compared."""

NEAR: Final = 0.98
"""Correlation of two small faces from which on they are taken for one photograph.

Looked at by eye, pairs of FER-2013 were the same photograph down to 0.97.
"""

_AT_A_TIME: Final = 512


@dataclass(frozen=True)
class NearCopy:
    """A face, and the face of another split that is most like it."""

    face: Face
    other: Face
    correlation: float


def find_near(data: DataSet, split: Split, other: Split, exact: Duplicates) -> tuple[NearCopy, ...]:
    """Find the faces of `split` that have no exact copy in `other`, but a near one.

    Parameters
    ----------
    data
        The faces.
    split, other
        Two splits that it has.
    exact
        The exact copies in `data`.

    Returns
    -------
    tuple of NearCopy
        The most alike first.
    """
    known = {face.place for face, _ in exact.copies(split, other)}
    mine, theirs = data[split], data[other]
    left, right = _small(mine.images), _small(theirs.images)
    found = []
    for start in range(0, len(left), _AT_A_TIME):
        alike = left[start : start + _AT_A_TIME] @ right.T
        nearest = alike.argmax(axis=1)
        best = alike.max(axis=1)
        for at in np.flatnonzero(best > NEAR).tolist():
            i, j = start + at, int(nearest[at])
            if i not in known:
                face = Face(split, i, mine.names[i], int(mine.labels[i]))
                copy = Face(other, j, theirs.names[j], int(theirs.labels[j]))
                found.append(NearCopy(face, copy, float(best[at])))
    return tuple(sorted(found, key=lambda near: -near.correlation))


def _small(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return faces made small ``[n, SIDE * SIDE]``, of mean 0 and length 1; blank ones are 0."""
    step = FACE_SIZE // SIDE
    blocks = images.reshape(-1, SIDE, step, SIDE, step)
    small: NDArray[np.float32] = blocks.mean(axis=(2, 4), dtype=np.float32).reshape(-1, SIDE * SIDE)
    small -= small.mean(axis=1, keepdims=True)
    length = np.linalg.norm(small, axis=1, keepdims=True)
    small /= np.maximum(length, np.finfo(np.float32).tiny)
    return small
