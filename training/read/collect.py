"""Faces on their way into a data set: the good ones kept, the bad ones named."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.data import SPLITS, DataError, DataSet, Samples, Split

MAX_BAD: Final = 0.01
"""Share of bad faces that a data set may have; with more of them it is taken for damaged."""

SHOWN: Final = 3
"""How many bad faces an error names."""


class Collector:
    """Take in faces one by one, then give the data set."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._images: dict[Split, list[NDArray[np.uint8]]] = {split: [] for split in SPLITS}
        self._labels: dict[Split, list[int]] = {split: [] for split in SPLITS}
        self._names: dict[Split, list[str]] = {split: [] for split in SPLITS}
        self._bad: list[str] = []

    def good(self, name: str, split: Split, label: int, image: NDArray[np.uint8]) -> None:
        """Take a face, uint8 ``[48, 48]``."""
        self._names[split].append(name)
        self._labels[split].append(label)
        self._images[split].append(image)

    def bad(self, name: str, fault: object) -> None:
        """Take note of a face that cannot be used."""
        self._bad.append(f"{name}: {fault}")

    def data_set(self) -> DataSet:
        """Return what was taken in.

        Raises
        ------
        DataError
            If there are no faces, or more than `MAX_BAD` of them are bad.
        """
        total = len(self._bad) + sum(map(len, self._names.values()))
        if total == 0:
            raise DataError(f"{self._path} has no faces")
        if len(self._bad) > MAX_BAD * total:
            first = "; ".join(self._bad[:SHOWN])
            more = f"; and {len(self._bad) - SHOWN} more" if len(self._bad) > SHOWN else ""
            raise DataError(
                f"{self._path} is damaged: {len(self._bad)} of {total} faces are bad: {first}{more}"
            )
        splits = {
            split: Samples(
                np.stack(self._images[split]),
                np.array(self._labels[split], np.int64),
                tuple(self._names[split]),
            )
            for split in SPLITS
            if self._names[split]
        }
        return DataSet(self._path, splits, tuple(self._bad))
