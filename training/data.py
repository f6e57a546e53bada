"""FER-2013 as arrays: the Kaggle file ``fer2013.csv``, plain or gzipped."""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TextIO, get_args

import numpy as np
from numpy.typing import NDArray

from edge.emotions import EMOTIONS, FACE_SIZE
from edge.errors import EdgeFerError

Split = Literal["Training", "PublicTest", "PrivateTest"]
SPLITS: Final[tuple[Split, ...]] = get_args(Split)
_WHITE: Final = 255
COLUMNS: Final = ("emotion", "pixels", "Usage")


class DataError(EdgeFerError):
    """The data set cannot be used; the message names the file, the row and the fault."""


@dataclass(frozen=True)
class Samples:
    """Faces and their labels.

    Attributes
    ----------
    images
        uint8, shape ``[n, 48, 48]``, grey values 0..255.
    labels
        int64, shape ``[n]``, indices into `edge.emotions.EMOTIONS`.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


def read_fer2013(path: Path) -> dict[Split, Samples]:
    """Read all three splits of ``fer2013.csv`` or ``fer2013.csv.gz``.

    Parameters
    ----------
    path
        The Kaggle file: columns ``emotion,pixels,Usage``, one row a face.

    Raises
    ------
    DataError
        If the file is missing, cut short, has other columns, holds a row that is no
        face, or lacks a split.
    """
    images: dict[Split, list[NDArray[np.uint8]]] = {split: [] for split in SPLITS}
    labels: dict[Split, list[int]] = {split: [] for split in SPLITS}
    try:
        with _open_text(path) as file:
            for split, label, pixels in _rows(path, file):
                images[split].append(pixels)
                labels[split].append(label)
    except FileNotFoundError:
        raise DataError(f"no data set at {path}: give the path of fer2013.csv or .csv.gz") from None
    except (EOFError, gzip.BadGzipFile, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is damaged or not a CSV file: {error}") from None
    for split in SPLITS:
        if not labels[split]:
            raise DataError(f"{path} has no {split} rows: fetch the complete fer2013.csv")
    return {
        split: Samples(np.stack(images[split]), np.array(labels[split], np.int64))
        for split in SPLITS
    }


def _open_text(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _rows(path: Path, file: TextIO) -> Iterator[tuple[Split, int, NDArray[np.uint8]]]:
    reader = csv.DictReader(file)
    columns = tuple(reader.fieldnames or ())
    if columns != COLUMNS:
        raise DataError(
            f"{path} has the columns {', '.join(columns)[:80] or 'none'}: "
            f"expected {', '.join(COLUMNS)}"
        )
    for number, row in enumerate(reader, start=1):
        try:
            yield _face(row)
        except ValueError as error:
            raise DataError(f"{path}, row {number}: {error}") from None


def _face(row: dict[str, str | None]) -> tuple[Split, int, NDArray[np.uint8]]:
    usage = row["Usage"]
    if usage not in SPLITS:
        raise ValueError(f"Usage is {usage!r}, expected one of {', '.join(SPLITS)}")
    label = int(row["emotion"] or "")
    if not 0 <= label < len(EMOTIONS):
        raise ValueError(f"emotion is {label}, expected 0 to {len(EMOTIONS) - 1}")
    values = np.array((row["pixels"] or "").split(), dtype=np.int64)
    if values.size != FACE_SIZE**2:
        raise ValueError(f"{values.size} pixels, expected {FACE_SIZE**2}")
    if values.min() < 0 or values.max() > _WHITE:
        raise ValueError("a pixel lies outside 0..255")
    pixels = values.astype(np.uint8).reshape(FACE_SIZE, FACE_SIZE)
    return usage, label, pixels
