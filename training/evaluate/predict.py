"""What a network says of faces: the ``.keras`` file or the very ``.tflite`` that ships."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from edge.classify.golden import Model, are_probabilities
from edge.classify.interpreter import InterpreterModel
from edge.classify.model import read_model
from edge.errors import EdgeFerError
from training.data import as_input

Probabilities = NDArray[np.float32]
"""``[n, 7]``, a row a face, in FER-2013 order."""


def predict(path: Path, images: NDArray[np.uint8]) -> Probabilities:
    """Run the model at `path` over faces ``[n, 48, 48]``, without any temperature.

    Raises
    ------
    EdgeFerError
        If the file is neither a ``.keras`` nor a ``.tflite`` model, or damaged, or what it gives
        are no probabilities.
    """
    if path.suffix == ".tflite":
        content, _ = read_model(path)
        said = predict_tflite(InterpreterModel(content, str(path), threads=2), images)
    elif path.suffix == ".keras":
        said = predict_keras(path, images)
    else:
        raise EdgeFerError(f"{path} is no model: expected a .keras or .tflite file")
    if not are_probabilities(said):
        raise EdgeFerError(
            f"{path} gives no probabilities: its rows add up to {said.sum(axis=1).min():.2f} to "
            f"{said.sum(axis=1).max():.2f}; end the network in a softmax"
        )
    return said


def predict_keras(path: Path, images: NDArray[np.uint8]) -> Probabilities:
    """Run a ``.keras`` file."""
    from training.network import load_network

    network = load_network(path)
    return np.asarray(network.predict(as_input(images), batch_size=256, verbose=0), np.float32)


def predict_tflite(model: Model, images: NDArray[np.uint8]) -> Probabilities:
    """Run a loaded TFLite model, a face at a time as the daemon does."""
    console = Console(stderr=True)
    faces = track(images, "faces", console=console, transient=True, disable=not console.is_terminal)
    return np.stack([model.probabilities(face) for face in faces])
