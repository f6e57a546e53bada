"""Convert, verify, describe: a model that fails its check is never written."""

import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import keras
import numpy as np
import tensorflow as tf

from convert.golden import golden_vectors
from convert.quantize import CALIBRATION_IMAGES, calibration_faces, one_face, to_tflite, typical
from edge.classify.golden import are_probabilities
from edge.classify.interpreter import InterpreterModel
from edge.classify.model import ModelDescription, Quantization
from edge.emotions import EMOTIONS
from edge.errors import EdgeFerError
from edge.whole_file import whole_file
from training.data import DataSet, Samples, Split, as_input
from training.evaluate.calibration import fit_temperature
from training.evaluate.measures import accuracy, better_order
from training.evaluate.predict import Probabilities, predict_tflite

MAX_LOSS: Final = 0.003
"""Accuracy that a conversion may cost, as a fraction of all faces."""


@dataclass(frozen=True)
class Comparison:
    """The converted file against its Keras model on one split.

    Attributes
    ----------
    split
        Which.
    samples
        Its faces and their labels.
    keras, tflite
        What each says of them, ``[n, 7]``.
    """

    split: Split
    samples: Samples
    keras: Probabilities
    tflite: Probabilities

    @property
    def loss(self) -> float:
        """Accuracy that the conversion costs, as a fraction of all faces."""
        labels = self.samples.labels
        return accuracy(self.keras, labels) - accuracy(self.tflite, labels)

    @property
    def agreement(self) -> float:
        """The fraction of faces of which both name the same emotion."""
        return float((self.keras.argmax(axis=1) == self.tflite.argmax(axis=1)).mean())


@dataclass(frozen=True)
class Converted:
    """A model that passed its check, and where it was written."""

    path: Path
    description: ModelDescription
    comparisons: tuple[Comparison, ...]


def convert(
    network: keras.Model,
    data: DataSet,
    folder: Path,
    quantization: Quantization,
    splits: tuple[Split, ...] = ("PublicTest",),
    name: str | None = None,
    calibration: int = CALIBRATION_IMAGES,
) -> Converted:
    """Convert a trained network.

    Parameters
    ----------
    network
        One that keeps the contract, in float32.
    data
        FER-2013; calibrates the ranges on Training and the temperature on PublicTest.
    folder
        Where ``fer-<architecture>-<quantization>.tflite`` and ``.json`` go.
    quantization
        As `convert.quantize.to_tflite` has it.
    splits
        What to measure, PublicTest first.
    name
        Instead of ``fer-<architecture>-<quantization>``.
    calibration
        How many Training faces set the ranges of int8. Another number is another rounding: half a
        point of accuracy and of agreement between runtimes, either way.

    Raises
    ------
    EdgeFerError
        If the network or the result breaks the contract, or the result loses more than
        `MAX_LOSS` on PublicTest. What stood in `folder` is still there then.
    """
    name = name or f"fer-{network.name}-{quantization}"
    faces = calibration_faces(data["Training"], calibration)
    if quantization == "int8":
        faces = typical(network, faces)
    content = to_tflite(one_face(network), quantization, faces)
    lite = InterpreterModel(content, name, threads=2, runtime="litert")
    comparisons = tuple(_compare(network, lite, split, data[split]) for split in splits)
    checked = comparisons[0]
    _check_outputs(checked, network.name)
    if checked.loss > MAX_LOSS:
        raise EdgeFerError(
            f"{name} is right on {accuracy(checked.tflite, checked.samples.labels):.2%} of "
            f"{checked.split}, its Keras model on "
            f"{accuracy(checked.keras, checked.samples.labels):.2%}: "
            f"more than {MAX_LOSS:.1%} lost, nothing written"
        )
    description = ModelDescription(
        name=name,
        architecture=network.name,
        quantization=quantization,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        labels=EMOTIONS,
        data="FER-2013",
        accuracy={c.split: round(accuracy(c.tflite, c.samples.labels), 4) for c in comparisons},
        temperature=fit_temperature(checked.tflite, checked.samples.labels),
        golden=golden_vectors(lite),
        versions={
            "keras": version("keras"),
            "tensorflow": tf.__version__,
            "ai-edge-litert": version("ai-edge-litert"),
        },
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.tflite"
    # Both are on the disk before either takes the place of an old one.
    with whole_file(path) as new, whole_file(path.with_suffix(".json")) as new_json:
        new.write_bytes(content)
        new_json.write_text(description.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return Converted(path, description, comparisons)


def _check_outputs(checked: Comparison, name: str) -> None:
    """Refuse outputs that are no probabilities, or that seem to be in another order."""
    if not are_probabilities(checked.keras):
        raise EdgeFerError(f"{name} gives no probabilities: end the network in a softmax")
    labels = checked.samples.labels
    other = better_order(checked.keras, labels)
    if other is not None:
        raise EdgeFerError(
            f"{name} is right on {accuracy(checked.keras, labels):.1%} of {checked.split}, but on "
            f"{other:.1%} with its outputs in another order: tell that order with --labels"
        )


def _compare(
    network: keras.Model, lite: InterpreterModel, split: Split, samples: Samples
) -> Comparison:
    said = network.predict(as_input(samples.images), batch_size=256, verbose=0)
    of_keras: Probabilities = np.asarray(said, np.float32)
    return Comparison(split, samples, of_keras, predict_tflite(lite, samples.images))
