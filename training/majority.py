"""What most of FER+'s ten voters saw in a face."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

TIE: Final = -1
NO_VOTE: Final = -2


def majority(votes: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the emotion with the most votes of each face, `TIE`, or `NO_VOTE`.

    Parameters
    ----------
    votes
        Shares, shape ``[n, 7]``, as in `training.data.Samples`.
    """
    most = votes.max(axis=1)
    tied = (votes == most[:, np.newaxis]).sum(axis=1) > 1
    chosen: NDArray[np.int64] = votes.argmax(axis=1)
    chosen[tied] = TIE
    chosen[most == 0] = NO_VOTE
    return chosen
