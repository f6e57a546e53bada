"""The trained network to convert: a ``.keras`` file, or ``model.json`` and its weights."""

from pathlib import Path
from typing import Final, Literal

import keras
import numpy as np

from edge.emotions import EMOTIONS
from edge.errors import EdgeFerError
from training.facial_expression_model import FacialExpressionModel
from training.network import load_network

Order = Literal["fer2013", "alphabetical"]
"""Of a network's outputs: FER-2013's own, or that of folders named by emotion."""

_WHITE: Final = 255
_WEIGHTS: Final = ("model.weights.h5", "model_weights.h5")
"""How Keras 3's runs and Keras 2's course projects name them."""


def load_source(
    path: Path,
    weights: Path | None = None,
    scale: float | None = None,
    labels: Order | None = None,
) -> keras.Model:
    """Load a network that keeps the model contract, in float32.

    Parameters
    ----------
    path
        A ``.keras`` file, or a ``model.json`` of Keras 2 or 3.
    weights
        Of the ``model.json``; by default they lie beside it.
    scale
        Factor from grey values 0..255 to those that the ``model.json`` was trained on; None is
        1/255, as the contract has it.
    labels
        Order of the outputs; None is FER-2013's, or of a ``model.json`` as
        `FacialExpressionModel` takes it.

    Raises
    ------
    EdgeFerError
        If a file is missing or damaged, or the network breaks the contract.
    """
    if path.suffix != ".json":
        if (weights, scale) != (None, None):
            raise EdgeFerError(f"{path} is no model.json: leave out --weights and --scale")
        network = load_network(path)
        if labels == "alphabetical":
            _reorder(network, [sorted(EMOTIONS).index(emotion) for emotion in EMOTIONS], path)
        return network
    names = {"fer2013": EMOTIONS, "alphabetical": sorted(EMOTIONS), None: None}[labels]
    found = FacialExpressionModel(path, weights or _beside(path), names, scale or 1 / _WHITE)
    network = found.network
    if network.input_shape[1:3] != (48, 48) or sorted(found.labels) != sorted(EMOTIONS):
        raise EdgeFerError(
            f"{path} maps {network.input_shape} to {len(found.labels)} labels: expected faces of "
            f"48 x 48 and {', '.join(EMOTIONS)}"
        )
    if found.labels != EMOTIONS:
        _reorder(network, [found.labels.index(emotion) for emotion in EMOTIONS], path)
    if scale is not None:
        _rescale(network, _WHITE * scale, path)
    return network


def _beside(path: Path) -> Path:
    for name in _WEIGHTS:
        if (path.parent / name).is_file():
            return path.parent / name
    raise EdgeFerError(f"no {' or '.join(_WEIGHTS)} beside {path}: name it with --weights")


def _reorder(network: keras.Model, order: list[int], path: Path) -> None:
    """Give the outputs in another order: the columns of the last layer change places."""
    last = [layer for layer in network.layers if layer.weights][-1]
    if not isinstance(last, keras.layers.Dense):
        raise EdgeFerError(f"{path} ends in {last.name}: its labels cannot be put in our order")
    last.set_weights([weights[..., order] for weights in last.get_weights()])


def _rescale(network: keras.Model, factor: float, path: Path) -> None:
    """Let the network take grey values in 0..1: the first convolution multiplies them."""
    first = next(
        layer for layer in network.layers if not isinstance(layer, keras.layers.InputLayer)
    )
    if not isinstance(first, keras.layers.Conv2D):
        raise EdgeFerError(f"{path} begins with {first.name}: --scale needs a convolution there")
    kernel, *bias = first.get_weights()
    first.set_weights([kernel * np.float32(factor), *bias])
