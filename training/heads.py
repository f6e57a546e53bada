"""Two outputs on one network: what FER-2013's label says, and what FER+'s ten people say.

FER-2013's labels are noisy; the FER+ votes (Barsoum et al., 2016) are another question, though.
A network that learns both at once has one body and two last layers. Taken apart, each is a
network of its own; as both share the body, the mean of their weights answers in between.
"""

import keras

from edge.emotions import EMOTIONS
from training.network import rebuild

_HEAD = 2
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


def single(model: keras.Model, share: float) -> keras.Model:
    """Return the float32 network with one output that a trained `model` holds.

    Parameters
    ----------
    model
        One of `training.architectures`, with or without votes; it stays as it is.
    share
        Of the votes in the answer: 0 the labels' head, 1 the votes', between them their
        weighted mean before the softmax. Of no matter without votes.
    """
    weights = model.get_weights()
    if has_votes(model):
        labels = model.get_layer("emotion").get_weights()
        votes = model.get_layer("votes").get_weights()
        head = [(1 - share) * a + share * b for a, b in zip(labels, votes, strict=True)]
        weights = weights[: -2 * _HEAD] + head
    return rebuild(model.name, weights)
