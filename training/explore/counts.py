"""How many faces of each emotion there are."""

from dataclasses import dataclass

import numpy as np

from edge.emotions import EMOTIONS, Emotion
from training.data import Samples


@dataclass(frozen=True)
class Counts:
    """The faces of each emotion in a split, in the order of `edge.emotions.EMOTIONS`."""

    faces: tuple[int, ...]

    @property
    def total(self) -> int:
        """Faces of all emotions."""
        return sum(self.faces)

    @property
    def missing(self) -> list[Emotion]:
        """Emotions that no face has."""
        return [e for e, faces in zip(EMOTIONS, self.faces, strict=True) if faces == 0]

    @property
    def imbalance(self) -> float | None:
        """Faces of the largest class for one of the smallest; None where a class is missing."""
        return None if self.missing else max(self.faces) / min(self.faces)


def count(samples: Samples) -> Counts:
    """Count the faces of each emotion."""
    return Counts(tuple(np.bincount(samples.labels, minlength=len(EMOTIONS)).tolist()))
