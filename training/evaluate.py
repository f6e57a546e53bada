"""How often a model is right: the ``.keras`` checkpoint or the very ``.tflite`` that ships."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from edge.classify.litert import LiteRtModel
from edge.classify.model import read_model
from edge.emotions import EMOTIONS, Emotion
from edge.errors import EdgeFerError
from training.augment import as_input
from training.data import Samples

Probabilities = NDArray[np.float32]
"""``[n, 7]``, a row a face, in FER-2013 order."""


@dataclass(frozen=True)
class Score:
    """What was measured on a split.

    `accuracy` is the fraction of faces right, one crop a face; `recalls` the same by emotion.
    """

    faces: int
    accuracy: float
    recalls: dict[Emotion, float]


def predict(path: Path, images: NDArray[np.uint8]) -> Probabilities:
    """Run the model at `path` over faces ``[n, 48, 48]``.

    Raises
    ------
    EdgeFerError
        If the file is neither a ``.keras`` nor a ``.tflite`` model, or damaged.
    """
    if path.suffix == ".tflite":
        content, _ = read_model(path)
        return predict_tflite(LiteRtModel(content, str(path), threads=2), images)
    return predict_keras(path, images)


def predict_keras(path: Path, images: NDArray[np.uint8]) -> Probabilities:
    """Run a ``.keras`` file."""
    import keras

    try:
        model = keras.models.load_model(path, compile=False)
    except (OSError, ValueError) as error:
        raise EdgeFerError(f"cannot load {path} as a Keras model: {error}") from None
    return np.asarray(model.predict(as_input(images), batch_size=256, verbose=0), np.float32)


def predict_tflite(model: LiteRtModel, images: NDArray[np.uint8]) -> Probabilities:
    """Run a loaded TFLite model, a face at a time as the daemon does."""
    faces = track(images, description="faces", transient=True)
    return np.stack([model.probabilities(face) for face in faces])


def score(probabilities: Probabilities, labels: NDArray[np.int64]) -> Score:
    """Compare the most probable emotions with the labels."""
    right = probabilities.argmax(axis=1) == labels
    recalls = {
        emotion: float(right[labels == number].mean())
        for number, emotion in enumerate(EMOTIONS)
        if (labels == number).any()
    }
    return Score(len(labels), float(right.mean()), recalls)


def evaluate(path: Path, samples: Samples) -> Score:
    """Measure the model at `path` on a split."""
    return score(predict(path, samples.images), samples.labels)
