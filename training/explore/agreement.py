"""How far the labels and the ten voters of FER+ agree."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.emotions import EMOTIONS
from training.data import Samples
from training.majority import NO_VOTE, TIE, majority


@dataclass(frozen=True)
class Agreement:
    """Labels against FER+ majorities.

    Attributes
    ----------
    table
        int64, shape ``[7, 7]``: faces of a label (row) with a majority (column).
    ties
        Faces for which several emotions have the most votes; they are not in the table.
    no_vote
        Faces that nobody saw as one of the seven; they are not in the table.
    """

    table: NDArray[np.int64]
    ties: int
    no_vote: int

    @property
    def rate(self) -> float | None:
        """Share of the faces in the table whose label is the majority."""
        total = int(self.table.sum())
        return int(self.table.trace()) / total if total else None

    @property
    def rates(self) -> NDArray[np.float64]:
        """The table with each row adding up to 1; a row of NaN where a label has no faces."""
        rows = self.table.sum(axis=1, keepdims=True)
        rates = np.full(self.table.shape, np.nan)
        np.divide(self.table, rows, out=rates, where=rows > 0)
        return rates

    def __add__(self, other: "Agreement") -> "Agreement":
        return Agreement(
            self.table + other.table, self.ties + other.ties, self.no_vote + other.no_vote
        )


def agree(samples: Samples) -> Agreement | None:
    """Compare the labels of a split with FER+; None where it has no votes."""
    if samples.votes is None:
        return None
    chosen = majority(samples.votes)
    decided = chosen >= 0
    table = np.zeros((len(EMOTIONS), len(EMOTIONS)), np.int64)
    np.add.at(table, (samples.labels[decided], chosen[decided]), 1)
    return Agreement(table, int((chosen == TIE).sum()), int((chosen == NO_VOTE).sum()))
