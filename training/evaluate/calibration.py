"""How far confidence is from the share that is right, and the temperature that mends it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from edge.classify.temperature import soften
from training.evaluate.predict import Probabilities

BINS: Final = 15
TEMPERATURES: Final = (0.2, 5.0)
"""Bounds of a fitted temperature: one that lies there was not found."""


def reliability(
    probabilities: NDArray[np.floating], labels: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Sort faces into `BINS` bins of equal width by the confidence of what was said.

    Returns
    -------
    Per bin the number of faces, their mean confidence and the share that is right; the last two
    are 0 where a bin is empty.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    place = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    faces = np.bincount(place, minlength=BINS)
    share = np.maximum(faces, 1)
    return (
        faces,
        np.bincount(place, confidence, BINS) / share,
        np.bincount(place, right, BINS) / share,
    )


def calibration_error(probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> float:
    """Return the expected calibration error, 0..1 (Guo et al., 2017, with 15 bins)."""
    faces, confidence, right = reliability(probabilities, labels)
    return float((faces * np.abs(confidence - right)).sum() / faces.sum())


def fit_temperature(probabilities: Probabilities, labels: NDArray[np.int64]) -> float:
    """Return the temperature, within `TEMPERATURES`, under which the labels are the most likely."""

    def loss(log_temperature: float) -> float:
        softened = soften(probabilities, float(np.exp(log_temperature)))
        return float(-np.log(softened[np.arange(len(labels)), labels]).mean())

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded")
    return round(float(np.exp(found.x)), 3)
