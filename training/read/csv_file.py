"""Kaggle's CSV files of FER-2013, plain or gzipped, with their columns in either order."""

import csv
import gzip
import zlib
from pathlib import Path
from typing import Final, TextIO

import numpy as np
from numpy.typing import NDArray

from edge.emotions import EMOTIONS, FACE_SIZE
from training.data import SPLITS, DataError, DataSet, Split
from training.read.collect import Collector

COLUMNS: Final = ("emotion", "pixels", "Usage")
_WHITE: Final = 255


def read_csv(path: Path) -> DataSet:
    """Read ``fer2013.csv`` or ``icml_face_data.csv``, or either with ``.gz`` behind it.

    Raises
    ------
    DataError
        If the file is missing, cut short, has other columns, or too many bad rows.
    """
    faces = Collector(path)
    try:
        with _open_text(path) as file:
            # A stray quotation mark must not swallow the rows behind it.
            reader = csv.reader(file, quoting=csv.QUOTE_NONE)
            order = _order(path, next(reader, []))
            for number, row in enumerate(filter(None, reader), start=1):
                name = f"row {number}"
                try:
                    faces.good(name, *_face(row, order))
                except ValueError as error:
                    faces.bad(name, error)
    except FileNotFoundError:
        raise DataError(
            f"no data set at {path}: give the path of fer2013.csv, of icml_face_data.csv, "
            "of either with .gz, or of a folder with train and test"
        ) from None
    except (EOFError, gzip.BadGzipFile, zlib.error, csv.Error) as error:
        raise DataError(f"{path} is damaged or not a CSV file: {error}") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
    return faces.data_set()


def _open_text(path: Path) -> TextIO:
    """Open it so that a broken byte breaks its own row only."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="replace", newline="")
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


def _order(path: Path, header: list[str]) -> tuple[int, ...]:
    """Return where the columns stand; the headers of ``icml_face_data.csv`` begin with a space."""
    names = [_bare(name) for name in header]
    if sorted(names) != sorted(COLUMNS):
        said = "".join(each if each.isprintable() else "?" for each in ", ".join(names)[:80])
        raise DataError(f"{path} has the columns {said or 'none'}: expected {', '.join(COLUMNS)}")
    return tuple(names.index(name) for name in COLUMNS)


def _bare(field: str) -> str:
    return field.strip().strip('"').strip()


def _face(row: list[str], order: tuple[int, ...]) -> tuple[Split, int, NDArray[np.uint8]]:
    if len(row) != len(order):
        raise ValueError(f"{len(row)} columns, expected {len(order)}")
    emotion, pixels, usage = (_bare(row[place]) for place in order)
    if usage not in SPLITS:
        raise ValueError(f"Usage is {usage[:40]!r}, expected one of {', '.join(SPLITS)}")
    if not emotion.isdecimal() or int(emotion) >= len(EMOTIONS):
        raise ValueError(f"emotion is {emotion[:40]!r}, expected 0 to {len(EMOTIONS) - 1}")
    try:
        values = np.fromstring(pixels, np.int64, sep=" ")
    except ValueError:
        raise ValueError("a pixel is no whole number") from None
    if values.size != FACE_SIZE**2:
        raise ValueError(f"{values.size} pixels, expected {FACE_SIZE**2}")
    if values.min() < 0 or values.max() > _WHITE:
        raise ValueError(f"a pixel lies outside 0..{_WHITE}")
    return usage, int(emotion), values.astype(np.uint8).reshape(FACE_SIZE, FACE_SIZE)
