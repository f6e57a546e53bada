"""Confusion, reliability and the most confident mistakes, as pictures."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from edge.classify.temperature import soften
from edge.emotions import EMOTIONS
from training.data import Samples
from training.evaluate.calibration import BINS, reliability
from training.evaluate.measures import Measures
from training.evaluate.predict import Probabilities
from training.figures import Tile, matrix, tile_grid

MISTAKE_ROWS: Final = 10
MISTAKES_A_ROW: Final = 8


def confusion_figure(measures: Measures, title: str) -> Figure:
    """Draw the confusion matrix twice: in counts, and in rates of each label's faces."""
    counts = np.array(measures.confusion)
    rates = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure((11, 5.2), layout="constrained")
    figure.suptitle(title)
    left, right = figure.subplots(1, 2)
    _matrix(left, counts, "{:.0f}", "faces")
    _matrix(right, rates, "{:.2f}", "rates: a row adds up to 1")
    return figure


def _matrix(ax: Axes, values: NDArray[np.floating], text: str, title: str) -> None:
    matrix(ax, values, text)
    ax.set_title(title, fontsize=10)
    ax.set_xlabel("said")
    ax.set_ylabel("labelled")


def reliability_figure(
    probabilities: Probabilities, labels: NDArray[np.int64], measures: Measures, title: str
) -> Figure:
    """Draw the share that is right over confidence, before and after the temperature."""
    figure = Figure((9, 5), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots(2, 2, height_ratios=(3, 1), sharex=True)
    before = ("as the model speaks", 1.0, measures.calibration_error)
    after = (
        f"temperature {measures.temperature:.2f}", measures.temperature, measures.calibrated_error,
    )  # fmt: skip
    for (name, temperature, error), (upper, lower) in zip((before, after), axes.T, strict=True):
        faces, confidence, right = reliability(soften(probabilities, temperature), labels)
        there = faces > 0
        upper.plot([0, 1], [0, 1], "--", color="gray", linewidth=1)
        upper.bar(
            (np.arange(BINS)[there] + 0.5) / BINS, right[there], width=1 / BINS,
            color="tab:blue", alpha=0.35, edgecolor="tab:blue",
        )  # fmt: skip
        upper.plot(confidence[there], right[there], "o", color="tab:blue", markersize=4)
        upper.set_title(f"{name}: calibration error {error:.3f}", fontsize=10)
        upper.set_ylim(0, 1)
        upper.set_ylabel("share that is right")
        lower.bar((np.arange(BINS) + 0.5) / BINS, faces, width=1 / BINS, color="gray")
        lower.set_xlim(0, 1)
        lower.set_xlabel("confidence")
        lower.set_ylabel("faces")
    return figure


def mistakes_figure(samples: Samples, probabilities: Probabilities, title: str) -> Figure:
    """Draw the mistakes that the model was surest of, the surest first."""
    said = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    wrong = np.flatnonzero(said != samples.labels)
    surest = wrong[np.argsort(-confidence[wrong], kind="stable")]
    tiles = [
        Tile(
            samples.images[i],
            f"{samples.names[i]}\n{EMOTIONS[samples.labels[i]]} → "
            f"{EMOTIONS[said[i]]} {confidence[i]:.2f}",
        )
        for i in surest[: MISTAKE_ROWS * MISTAKES_A_ROW]
    ]
    starts = range(0, len(tiles), MISTAKES_A_ROW)
    return tile_grid([("", tiles[at : at + MISTAKES_A_ROW]) for at in starts], title)
