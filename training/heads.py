"""Two outputs on one network: what FER-2013's label says, and what FER+'s ten people say.

FER-2013's labels are noisy; the FER+ votes (Barsoum et al., 2016) are another question, though.
A network that learns both at once has one body and two last layers. What ships has one output:
one of them, or the mean of what both say.
"""

from pathlib import Path
from typing import Final, Literal
from zipfile import BadZipFile

import keras
import numpy as np

from edge.errors import EdgeFerError
from training.data import Samples, as_input
from training.evaluate.calibration import fit_temperature
from training.network import rebuild

Answer = Literal["labels", "votes", "both"]
"""Whose answer a network gives: of the labels, of the votes, or the mean of both."""

_HEAD: Final = 2
"""Weights of a last layer: kernel and bias."""


def has_votes(model: keras.Model) -> bool:
    """Return whether `model` has the two outputs of `architectures.with_votes`."""
    return "votes" in model.output_names


def begin_with(model: keras.Model, path: Path) -> None:
    """Give `model` the weights of a ``.keras`` file of the same architecture and outputs.

    Raises
    ------
    EdgeFerError
        If it cannot be loaded, or is another network.
    """
    try:
        trained = keras.models.load_model(path, compile=False)
        model.set_weights(trained.get_weights())
    except (OSError, ValueError, TypeError, KeyError, AttributeError, BadZipFile) as error:
        raise EdgeFerError(f"cannot begin {model.name} with {path}: {error}") from None


def single(model: keras.Model, answer: Answer = "labels") -> keras.Model:
    """Return the float32 network with one output that a trained `model` holds.

    Parameters
    ----------
    model
        One of `training.architectures`, with or without votes; it stays as it is.
    answer
        Of a model with votes: what it gives.
    """
    weights = model.get_weights()
    if has_votes(model) and answer != "both":
        head = {"labels": "emotion", "votes": "votes"}[answer]
        weights = weights[: -2 * _HEAD] + model.get_layer(head).get_weights()
    return rebuild(model.name, weights)


def sharpen(network: keras.Model, samples: Samples) -> None:
    """Let the two heads of a network that gives their mean say how sure they are.

    Both divide their scores by the temperature that fits the labels' head on `samples`: taught
    by softened answers they hesitate, and a mean is no better calibrated than its parts.
    """
    labels = keras.Model(network.input, network.get_layer("emotion").output)
    said = labels.predict(as_input(samples.images), batch_size=256, verbose=0)
    temperature = np.float32(fit_temperature(said, samples.labels))
    for head in ("emotion", "votes"):
        layer = network.get_layer(head)
        layer.set_weights([weights / temperature for weights in layer.get_weights()])
