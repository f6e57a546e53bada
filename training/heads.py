"""Two outputs on one network: what FER-2013's label says, and what FER+'s ten people say.

FER-2013's labels are noisy; the FER+ votes (Barsoum et al., 2016) are another question, though.
A network that learns both at once has one body and two last layers. Taken apart, each is a
network of its own; as both share the body, the mean of their weights answers in between.
"""

from pathlib import Path
from typing import Final, Literal
from zipfile import BadZipFile

import keras
import numpy as np

from edge.emotions import EMOTIONS
from edge.errors import EdgeFerError
from training.network import rebuild

Head = Literal["emotion", "votes"]

_HEAD: Final = 2
"""Weights of a last layer: kernel and bias."""


def with_votes(model: keras.Model) -> keras.Model:
    """Add an output ``votes`` beside ``emotion``, on the same features."""
    features = model.get_layer("emotion").input
    votes = keras.layers.Dense(len(EMOTIONS), activation="softmax", dtype="float32", name="votes")(
        features
    )
    outputs = {"emotion": model.output, "votes": votes}
    return keras.Model(model.input, outputs, name=model.name)


def has_votes(model: keras.Model) -> bool:
    """Return whether `model` has the two outputs of `with_votes`."""
    return any(layer.name == "votes" for layer in model.layers)


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


def single(model: keras.Model, head: Head = "emotion") -> keras.Model:
    """Return the float32 network with one output that a trained `model` holds.

    Parameters
    ----------
    model
        One of `training.architectures`, with or without votes; it stays as it is.
    head
        Whose answer it gives: of the labels, or of the votes.
    """
    weights = model.get_weights()
    if has_votes(model):
        weights = weights[: -2 * _HEAD] + model.get_layer(head).get_weights()
    return rebuild(model.name, weights)


def blend(labels: keras.Model, votes: keras.Model, share: float) -> keras.Model:
    """Return the network that answers between two that `single` made of one model.

    Parameters
    ----------
    labels, votes
        The two, in float32.
    share
        Of `votes`, 0..1: both answers' weighted mean before the softmax.

    Raises
    ------
    EdgeFerError
        If they do not share their body.
    """
    first, second = labels.get_weights(), votes.get_weights()
    same = labels.name == votes.name and all(
        np.array_equal(a, b) for a, b in zip(first[:-_HEAD], second[:-_HEAD], strict=True)
    )
    if not same:
        raise EdgeFerError("these two networks are not of one training run: nothing to blend")
    head = [
        (1 - share) * a + share * b for a, b in zip(first[-_HEAD:], second[-_HEAD:], strict=True)
    ]
    return rebuild(labels.name, first[:-_HEAD] + head)
