"""Convert, verify, describe: a model that fails its check is never written."""

import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import keras
import numpy as np

from convert.quantize import CALIBRATION_IMAGES, calibration_faces, float_model, to_int8
from edge.classify.litert import LiteRtModel
from edge.classify.model import ModelDescription
from edge.emotions import EMOTIONS
from edge.errors import EdgeFerError
from training.augment import as_input
from training.data import Samples, Split
from training.evaluate import predict_tflite, score

MAX_LOSS: Final = 0.005
"""Accuracy that quantization may cost, as a fraction of all faces."""


@dataclass(frozen=True)
class Comparison:
    """The converted file against its Keras model on one split.

    `agreement` is the fraction of faces for which both name the same emotion.
    """

    split: Split
    keras: float
    tflite: float
    agreement: float


@dataclass(frozen=True)
class Converted:
    """A model that passed its check, and where it was written."""

    path: Path
    description: ModelDescription
    comparisons: tuple[Comparison, ...]


def convert(
    source: Path, data: dict[Split, Samples], folder: Path, splits: tuple[Split, ...]
) -> Converted:
    """Convert a trained model to full-integer int8.

    Parameters
    ----------
    source
        The ``.keras`` checkpoint.
    data
        FER-2013; calibrates on Training.
    folder
        Where ``fer-<architecture>-int8.tflite`` and ``.json`` go.
    splits
        What to measure; the check is on the first.

    Raises
    ------
    EdgeFerError
        If the model breaks the contract, or loses more than half a point on the first split.
    """
    try:
        trained = keras.models.load_model(source, compile=False)
    except (OSError, ValueError) as error:
        raise EdgeFerError(f"cannot load {source} as a Keras model: {error}") from None
    model = float_model(trained)
    content = to_int8(model, calibration_faces(data["Training"], CALIBRATION_IMAGES))
    name = f"fer-{trained.name}-int8"
    lite = LiteRtModel(content, name, threads=2)
    comparisons = tuple(_compare(trained, lite, split, data[split]) for split in splits)
    checked = comparisons[0]
    if checked.keras - checked.tflite > MAX_LOSS:
        raise EdgeFerError(
            f"{name} is right on {checked.tflite:.2%} of {checked.split}, its Keras model on "
            f"{checked.keras:.2%}: more than {MAX_LOSS:.1%} lost, nothing written"
        )
    description = ModelDescription(
        name=name,
        architecture=trained.name,
        quantization="int8",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        labels=EMOTIONS,
        data="FER-2013",
        accuracy={c.split: round(c.tflite, 4) for c in comparisons},
        versions={name: version(name) for name in ("keras", "tensorflow-cpu", "ai-edge-litert")},
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.tflite"
    _write_whole(path, content)
    _write_whole(path.with_suffix(".json"), (description.model_dump_json(indent=2) + "\n").encode())
    return Converted(path, description, comparisons)


def _compare(trained: keras.Model, lite: LiteRtModel, split: Split, samples: Samples) -> Comparison:
    of_keras = np.asarray(trained.predict(as_input(samples.images), batch_size=256, verbose=0))
    of_lite = predict_tflite(lite, samples.images)
    return Comparison(
        split,
        score(of_keras, samples.labels).accuracy,
        score(of_lite, samples.labels).accuracy,
        float((of_keras.argmax(axis=1) == of_lite.argmax(axis=1)).mean()),
    )


def _write_whole(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}")
    new.write_bytes(content)
    new.replace(path)
