"""A trained network from its file, as every command but training itself wants it."""

import zipfile
from pathlib import Path
from typing import Any

import keras

from edge.emotions import EMOTIONS, FACE_SIZE
from edge.errors import EdgeFerError
from training.architectures import ARCHITECTURES, build


def load_network(path: Path) -> keras.Model:
    """Load a ``.keras`` file in float32, whatever precision it was trained or kept in.

    Returns
    -------
    A network ``[n, 48, 48, 1]`` to ``[n, 7]``, as `training.architectures` builds it where it
    is one of those.

    Raises
    ------
    EdgeFerError
        If the file is missing, damaged, or holds a network of another shape.
    """
    try:
        saved = keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise EdgeFerError(f"cannot load {path} as a Keras model: {error}") from None
    network = saved
    if saved.name in ARCHITECTURES:
        try:
            network = rebuild(saved.name, saved.get_weights())
        except ValueError as error:
            raise EdgeFerError(f"{path} is no {saved.name} network of ours: {error}") from None
    if network.input_shape[1:] != (FACE_SIZE, FACE_SIZE, 1) or network.output_shape[1:] != (
        len(EMOTIONS),
    ):
        raise EdgeFerError(
            f"{path} maps {network.input_shape} to {network.output_shape}: expected "
            f"(n, {FACE_SIZE}, {FACE_SIZE}, 1) to (n, {len(EMOTIONS)})"
        )
    return network


def rebuild(name: str, weights: list[Any]) -> keras.Model:
    """Build the architecture `name` in float32 with these weights, whatever the policy is.

    Raises
    ------
    ValueError
        If the weights are of another network.
    """
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        network = build(name)
    finally:
        keras.config.set_dtype_policy(policy)
    network.set_weights(weights)
    return network
