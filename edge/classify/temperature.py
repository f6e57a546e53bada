"""Confidence that means what it says: temperature scaling (Guo et al., 2017)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_ZERO: Final = 1 / 1024
"""What a 0 counts: an int8 softmax has steps of 1/256 and says 0 of all below half of one."""


def soften(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Return probabilities ``[..., 7]`` as if their logits had been divided by `temperature`.

    Above 1 they come closer together, below 1 they part; the order stays. Rows add up to 1.
    """
    values = probabilities.astype(np.float64)
    if temperature != 1.0:
        values = np.where(values > 0, values, _ZERO) ** (1 / temperature)
    return np.asarray(values / values.sum(axis=-1, keepdims=True))
