"""The figures of a model on a split."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import classification_report, confusion_matrix

from edge.classify.temperature import soften
from edge.emotions import EMOTIONS, Emotion
from training.data import Samples
from training.evaluate.calibration import calibration_error, fit_temperature
from training.evaluate.predict import Probabilities
from training.majority import majority

_OTHER_ORDER: Final = 0.1
"""An order of the outputs that is right on so many more faces is their true one."""


@dataclass(frozen=True)
class Measures:
    """What was measured on a split, one crop a face; every rate is 0..1.

    Attributes
    ----------
    emotions
        For each emotion ``precision``, ``recall``, ``f1-score`` and ``support``, its faces.
    confusion
        Counts ``[7][7]``: row the label, column what was said.
    calibration_error, calibrated_error
        Expected calibration error as the model speaks, and under `temperature`, which was
        fitted on PublicTest.
    votes_accuracy, votes_faces
        Share that says what most FER+ votes for the seven say, and of how many faces: those on
        which one of the seven has more votes than any other. None without FER+.
    unseen_accuracy, copies
        Accuracy without the faces that also stand, pixel for pixel, in Training, and how many
        of those there are. None where not told, or where none are left.
    flip_accuracy
        With the mean over each face and its mirror image; None where not asked for.
    """

    faces: int
    accuracy: float
    macro_f1: float
    emotions: dict[Emotion, dict[str, float]]
    confusion: list[list[int]]
    calibration_error: float
    temperature: float
    calibrated_error: float
    votes_accuracy: float | None = None
    votes_faces: int | None = None
    unseen_accuracy: float | None = None
    copies: int | None = None
    flip_accuracy: float | None = None


def accuracy(probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> float:
    """Return the share of faces whose most probable emotion is the label."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def better_order(probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> float | None:
    """Return the accuracy with the outputs in another order, if that is much better, or None.

    Networks that learned from folders of images give the emotions in the order of the alphabet.
    """
    alphabetical = [sorted(EMOTIONS).index(emotion) for emotion in EMOTIONS]
    others = (alphabetical, np.argsort(alphabetical))
    best = max(accuracy(probabilities[:, order], labels) for order in others)
    return best if best > accuracy(probabilities, labels) + _OTHER_ORDER else None


def measure(
    samples: Samples,
    probabilities: Probabilities,
    temperature: float | None = None,
    flipped: Probabilities | None = None,
    copied: NDArray[np.bool] | None = None,
) -> Measures:
    """Compare what a model said with the labels.

    Parameters
    ----------
    samples
        The faces and their labels.
    probabilities
        What the model said of them.
    temperature
        Fitted on PublicTest; None fits it here, for PublicTest itself.
    flipped
        What the model said of the mirror images.
    copied
        Shape ``[n]``: which faces also stand in Training.
    """
    labels = samples.labels
    report = _report(probabilities, labels, as_dict=True)
    if temperature is None:
        temperature = fit_temperature(probabilities, labels)
    votes_accuracy, votes_faces = _agreement_with_votes(samples, probabilities)
    return Measures(
        faces=len(labels),
        accuracy=accuracy(probabilities, labels),
        macro_f1=float(report["macro avg"]["f1-score"]),
        emotions={e: {k: float(v) for k, v in report[e].items()} for e in EMOTIONS},
        confusion=confusion_matrix(
            labels, probabilities.argmax(axis=1), labels=range(len(EMOTIONS))
        ).tolist(),
        calibration_error=calibration_error(soften(probabilities, 1.0), labels),
        temperature=temperature,
        calibrated_error=calibration_error(soften(probabilities, temperature), labels),
        votes_accuracy=votes_accuracy,
        votes_faces=votes_faces,
        unseen_accuracy=(
            None
            if copied is None or copied.all()
            else accuracy(probabilities[~copied], labels[~copied])
        ),
        copies=None if copied is None else int(copied.sum()),
        flip_accuracy=None if flipped is None else accuracy((probabilities + flipped) / 2, labels),
    )


def report_text(probabilities: Probabilities, labels: NDArray[np.int64]) -> str:
    """Return scikit-learn's classification report."""
    return str(_report(probabilities, labels, as_dict=False))


def _report(probabilities: Probabilities, labels: NDArray[np.int64], as_dict: bool) -> Any:
    return classification_report(
        labels,
        probabilities.argmax(axis=1),
        labels=range(len(EMOTIONS)),
        target_names=EMOTIONS,
        digits=3,
        zero_division=0,
        output_dict=as_dict,
    )


def _agreement_with_votes(
    samples: Samples, probabilities: Probabilities
) -> tuple[float | None, int | None]:
    if samples.votes is None:
        return None, None
    wanted = majority(samples.votes)
    clear = wanted >= 0
    if not clear.any():
        return None, None
    said = probabilities.argmax(axis=1) == wanted
    return float(said[clear].mean()), int(clear.sum())
