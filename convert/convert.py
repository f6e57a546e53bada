"""Convert, verify, describe: a model that fails its check is never written."""

import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import tensorflow as tf

from convert.quantize import CALIBRATION_IMAGES, calibration_faces, one_face, to_int8, typical
from edge.classify.litert import LiteRtModel
from edge.classify.model import ModelDescription
from edge.emotions import EMOTIONS
from edge.errors import EdgeFerError
from edge.whole_file import whole_file
from training.architectures import ARCHITECTURES
from training.data import DataSet, Samples, Split, as_input
from training.evaluate.calibration import fit_temperature
from training.evaluate.measures import accuracy
from training.evaluate.predict import Probabilities, predict_tflite
from training.network import load_network

MAX_LOSS: Final = 0.003
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
    source: Path, data: DataSet, folder: Path, splits: tuple[Split, ...], name: str | None = None
) -> Converted:
    """Convert a trained network to full-integer int8.

    Parameters
    ----------
    source
        The ``.keras`` file of one of `training.architectures`.
    data
        FER-2013; calibrates the ranges on Training and the temperature on PublicTest.
    folder
        Where ``fer-<architecture>-int8.tflite`` and ``.json`` go.
    splits
        What to measure, PublicTest first.
    name
        Instead of ``fer-<architecture>-int8``.

    Raises
    ------
    EdgeFerError
        If the network breaks the contract, or loses more than `MAX_LOSS` on PublicTest.
    """
    network = load_network(source)
    if network.name not in ARCHITECTURES:
        raise EdgeFerError(f"{source} holds {network.name}, none of {', '.join(ARCHITECTURES)}")
    faces = calibration_faces(data["Training"], CALIBRATION_IMAGES)
    content = to_int8(one_face(network), typical(network, faces))
    name = name or f"fer-{network.name}-int8"
    lite = LiteRtModel(content, name, threads=2)
    said = {split: _both(network, lite, data[split]) for split in splits}
    comparisons = tuple(
        Comparison(
            split,
            accuracy(of_keras, data[split].labels),
            accuracy(of_lite, data[split].labels),
            float((of_keras.argmax(axis=1) == of_lite.argmax(axis=1)).mean()),
        )
        for split, (of_keras, of_lite) in said.items()
    )
    checked = comparisons[0]
    if checked.keras - checked.tflite > MAX_LOSS:
        raise EdgeFerError(
            f"{name} is right on {checked.tflite:.2%} of {checked.split}, its Keras model on "
            f"{checked.keras:.2%}: more than {MAX_LOSS:.1%} lost, nothing written"
        )
    description = ModelDescription(
        name=name,
        architecture=network.name,
        quantization="int8",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        labels=EMOTIONS,
        data="FER-2013",
        accuracy={c.split: round(c.tflite, 4) for c in comparisons},
        temperature=fit_temperature(said[splits[0]][1], data[splits[0]].labels),
        versions={
            "keras": version("keras"),
            "tensorflow": tf.__version__,
            "ai-edge-litert": version("ai-edge-litert"),
        },
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.tflite"
    with whole_file(path) as new:
        new.write_bytes(content)
    with whole_file(path.with_suffix(".json")) as new:
        new.write_text(description.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return Converted(path, description, comparisons)


def _both(network: Any, lite: LiteRtModel, samples: Samples) -> tuple[Probabilities, Probabilities]:
    of_keras = network.predict(as_input(samples.images), batch_size=256, verbose=0)
    return np.asarray(of_keras, np.float32), predict_tflite(lite, samples.images)
