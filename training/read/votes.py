"""FER+: how ten people each saw the faces of FER-2013 (Barsoum et al., 2016)."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.emotions import EMOTIONS, Emotion
from training.data import DataError, DataSet, Samples, Split

COLUMNS: Final[dict[Emotion, str]] = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "surprise": "surprise",
    "neutral": "neutral",
}
"""FER+'s name of each emotion. Its further columns are contempt, unknown and NF, no face."""

_AGREEMENT: Final = 0.4
"""Votes that agree with fewer labels are of other faces: 0.65 agree in truth, 0.17 by chance."""
_ENOUGH: Final = 200
"""Faces that such a share can be told of."""


def add_votes(data: DataSet, path: Path) -> DataSet:
    """Give every face of `data`, read from a CSV file, its votes from ``fer2013new.csv``.

    The two files go together row for row.

    Raises
    ------
    DataError
        If the file is missing, no FER+ file, or of other rows than `data`.
    """
    usages, votes = _read(path)
    faces = len(data.left_out) + sum(len(samples) for samples in data.splits.values())
    if data.path.is_dir() or faces != len(usages):
        raise DataError(
            f"{path} has {len(usages)} rows, {data.path} {faces} faces: FER+ votes go with the "
            "complete fer2013.csv, row for row"
        )
    splits: dict[Split, Samples] = {}
    for split, samples in data.splits.items():
        rows = [int(name.removeprefix("row ")) - 1 for name in samples.names]
        for row in rows:
            if usages[row] != split:
                raise DataError(
                    f"{path}, row {row + 1} is of {usages[row]}, in {data.path} of {split}: "
                    "the rows of the two files do not go together"
                )
        agreement = _agreement(samples.labels, votes[rows])
        if agreement < _AGREEMENT:
            raise DataError(
                f"{path} agrees with {agreement:.0%} of the {split} labels of {data.path}: the "
                "rows of the two files do not go together; take fer2013.csv in its first order"
            )
        splits[split] = replace(samples, votes=votes[rows])
    return replace(data, splits=splits)


def _agreement(labels: NDArray[np.int64], votes: NDArray[np.float32]) -> float:
    """Return the share of faces of which most voters say the label; 1 of too few faces."""
    seen = votes.sum(axis=1) > 0
    if seen.sum() < _ENOUGH:
        return 1.0
    return float((votes.argmax(axis=1) == labels)[seen].mean())


def _read(path: Path) -> tuple[list[str], NDArray[np.float32]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = {*COLUMNS.values(), "Usage"} - set(reader.fieldnames or ())
            if missing:
                raise DataError(
                    f"{path} has no column {min(missing)}: expected FER+'s fer2013new.csv"
                )
            rows = [(row["Usage"], _counts(path, n, row)) for n, row in enumerate(reader, start=1)]
    except FileNotFoundError:
        raise DataError(f"no FER+ votes at {path}: give the path of fer2013new.csv") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is damaged or not a CSV file: {error}") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
    votes = np.array([counts for _, counts in rows], np.float32).reshape(-1, len(EMOTIONS))
    total = votes.sum(axis=1, keepdims=True)
    shares = np.divide(votes, total, out=np.zeros_like(votes), where=total > 0)
    return [usage for usage, _ in rows], shares


def _counts(path: Path, number: int, row: dict[str, str]) -> list[int]:
    counts = [row[COLUMNS[emotion]] or "" for emotion in EMOTIONS]
    if not all(count.isdecimal() for count in counts):
        raise DataError(f"{path}, row {number}: a count of votes is no whole number")
    return [int(count) for count in counts]
