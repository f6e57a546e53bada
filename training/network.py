"""A trained network from its file, as every command but training itself wants it."""

from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import keras

from edge.emotions import EMOTIONS, FACE_SIZE
from edge.errors import EdgeFerError
from training.architectures import ARCHITECTURES, averaged, build, with_votes


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
        shape = saved.input_shape  # of what is no network there is none
    except (OSError, ValueError, TypeError, KeyError, AttributeError, BadZipFile) as error:
        raise EdgeFerError(f"cannot load {path} as a Keras model: {error}") from None
    if len(saved.outputs) > 1:
        raise EdgeFerError(
            f"{path} is a checkpoint with the outputs {', '.join(saved.output_names)}: take "
            "best.keras of the same run, or make one network of it with 'python -m training finish'"
        )
    network = saved
    if isinstance(saved, keras.Sequential):
        network = _functional(saved)
    if saved.name in ARCHITECTURES:
        try:
            network = rebuild(saved.name, saved.get_weights())
        except ValueError as error:
            raise EdgeFerError(f"{path} is no {saved.name} network of ours: {error}") from None
    shape = network.input_shape
    if shape[1:] != (FACE_SIZE, FACE_SIZE, 1) or network.output_shape[1:] != (len(EMOTIONS),):
        raise EdgeFerError(
            f"{path} maps {shape} to {network.output_shape}: expected "
            f"(n, {FACE_SIZE}, {FACE_SIZE}, 1) to (n, {len(EMOTIONS)})"
        )
    return network


def _functional(saved: keras.Sequential) -> keras.Model:
    """Return a Sequential as the graph of layers that Grad-CAM and the converter cut into."""
    face = x = keras.Input(saved.input_shape[1:])
    for layer in saved.layers:
        x = type(layer).from_config(layer.get_config())(x)
    network = keras.Model(face, x, name=saved.name)
    network.set_weights(saved.get_weights())
    return network


def check_target(path: Path) -> None:
    """Refuse a file name that Keras would not save a network under.

    Raises
    ------
    EdgeFerError
        If it does not end in ``.keras``.
    """
    if path.suffix != ".keras":
        raise EdgeFerError(f"{path} does not end in .keras: name the file so")


def rebuild(name: str, weights: list[Any], policy: str = "float32") -> keras.Model:
    """Build the architecture `name` with these weights, under a Keras dtype policy of its own.

    With the weights of a second output it gives the mean of both; the weights of that mean may be
    missing, since no training sets them.

    Raises
    ------
    ValueError
        If the weights are of another network.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        network = build(name)
        if len(weights) > len(network.weights):
            network = averaged(with_votes(network))
            if len(weights) == len(network.weights) - 1:
                weights = [*weights, network.get_weights()[-1]]
    finally:
        keras.config.set_dtype_policy(before)
    network.set_weights(weights)
    return network
