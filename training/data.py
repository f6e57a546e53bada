"""Faces and their labels as arrays, whatever file or folder they came from."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from edge.errors import EdgeFerError

Split = Literal["Training", "PublicTest", "PrivateTest"]
SPLITS: Final[tuple[Split, ...]] = get_args(Split)


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
    names
        Where each face came from: a row of the file, or a file of the folder.
    votes
        float32, shape ``[n, 7]``: the share of FER+ votes for each emotion, summing to 1, or a
        row of zeros where nobody saw one of the seven. None without FER+.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    votes: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def fingerprint(self) -> str:
        """Return a hash of all of it but the names: a run goes on with the data it began with."""
        parts = [self.images, self.labels, *(() if self.votes is None else (self.votes,))]
        digest = hashlib.sha256()
        for part in parts:
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()[:16]

    def chosen(self, which: NDArray[np.bool_]) -> "Samples":
        """Return the samples for which `which`, shape ``[n]``, is true."""
        return replace(
            self,
            images=self.images[which],
            labels=self.labels[which],
            names=tuple(name for name, here in zip(self.names, which, strict=True) if here),
            votes=None if self.votes is None else self.votes[which],
        )

    @property
    def show_emotion(self) -> NDArray[np.bool_]:
        """Bool, shape ``[n]``: False for a blank picture, and where no voter saw one of the seven.

        FER-2013 has pictures of warning signs and of black squares among its faces. However it
        is labelled, such a picture teaches nothing, and its activations, many times those of a
        face, spoil the batch-norm statistics of the faces around it.
        """
        seen = np.ptp(self.images, axis=(1, 2)) > 0
        if self.votes is not None:
            seen &= self.votes.sum(axis=1) > 0
        return np.asarray(seen)


@dataclass(frozen=True)
class DataSet:
    """What was read from `path`: the splits that it has, and the faces that were left out.

    `left_out` says of each bad row or file where it is and what is wrong with it.
    """

    path: Path
    splits: dict[Split, Samples]
    left_out: tuple[str, ...] = ()

    def __getitem__(self, split: Split) -> Samples:
        """Return a split.

        Raises
        ------
        DataError
            If the data set has no such split.
        """
        if split not in self.splits:
            has = ", ".join(self.splits) or "nothing"
            raise DataError(f"{self.path} has no {split} faces, only {has}")
        return self.splits[split]


def as_input(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return uint8 faces ``[n, 48, 48]`` as the model reads them: ``[n, 48, 48, 1]`` in 0..1."""
    return images[..., np.newaxis].astype(np.float32) / np.float32(255)
