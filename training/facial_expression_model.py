"""A network behind the small class that FER-2013 course projects use.

Theirs came from Keras 2, as ``model.json`` and ``model_weights.h5``; ours from Keras 3, as
``model.json`` and ``model.weights.h5``. Both are read::

    model = FacialExpressionModel("model.json", "model_weights.h5", scale=1)
    model.predict_emotion(face)  # 'happy'
"""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from edge.emotions import EMOTIONS
from edge.errors import EdgeFerError
from training.keras2 import is_keras2, load_keras2

_WHITE: Final = 255

_KERAS_FAULTS: Final = (ValueError, TypeError, LookupError, AttributeError, OSError)
"""What Keras raises for files that it cannot make a network of."""


class FacialExpressionModel:
    """A trained network that names the emotion of a face.

    Parameters
    ----------
    model_json_file
        What ``model.to_json()`` said, under Keras 2 or 3.
    model_weights_file
        What ``model.save_weights()`` wrote, under the same.
    labels
        Names of the outputs in their order. By default those of FER-2013, as our own networks
        have them, and for a network of Keras 2 the same names in alphabetical order: courses
        trained on a folder for each emotion, and Keras sorts folders.
    scale
        Factor from grey values 0..255 to those that the network was trained on: 1/255 for
        0..1, as ours; 1 for networks that were trained on the pixels as they are, as the
        courses' often were.

    Attributes
    ----------
    labels
        Names of the outputs in their order.
    network
        The Keras model itself.

    Raises
    ------
    EdgeFerError
        If a file is missing or damaged, the weights are of another network, or it does not map
        a grey image to as many probabilities as there are labels.
    """

    def __init__(
        self,
        model_json_file: str | Path,
        model_weights_file: str | Path,
        labels: Sequence[str] | None = None,
        scale: float = 1 / _WHITE,
    ) -> None:
        path = Path(model_json_file)
        architecture = _read_json(path)
        if labels is None:
            labels = sorted(EMOTIONS) if is_keras2(architecture) else EMOTIONS
        self.labels = tuple(labels)
        self._scale = scale
        self.network = _load(path, architecture, Path(model_weights_file))
        shape, outputs = self.network.input_shape, self.network.output_shape
        if len(shape) != len("nhwc") or shape[3] != 1 or outputs[1:] != (len(self.labels),):
            raise EdgeFerError(
                f"{path} maps {shape} to {outputs}: expected a grey image, (n, height, width, 1), "
                f"to the probabilities of {len(self.labels)} labels"
            )
        self._size = (shape[2], shape[1])

    def predict_emotion(self, img: NDArray[Any]) -> str:
        """Return the label of a face, see `predict`."""
        return self.predict(img)[0]

    def predict(self, img: NDArray[Any]) -> tuple[str, dict[str, float]]:
        """Return the label of a face, and the probability of every label.

        Parameters
        ----------
        img
            One grey face ``[h, w]``, ``[h, w, 1]`` or ``[1, h, w, 1]`` of any size: integers are
            grey values 0..255, floating-point numbers grey values 0..1. It is resized to the
            network's own size, and both kinds come to the network as grey value 0..255 times
            `scale`.

        Raises
        ------
        ValueError
            If it is no such array.
        """
        face = cv2.resize(_grey(img), self._size, interpolation=cv2.INTER_AREA)
        if face.dtype != np.uint8:
            face = face * _WHITE
        batch = (face * self._scale).astype(np.float32)[np.newaxis, ..., np.newaxis]
        said = keras.ops.convert_to_numpy(self.network(batch, training=False))[0]
        return self.labels[said.argmax()], dict(zip(self.labels, said.tolist(), strict=True))


def _grey(img: NDArray[Any]) -> NDArray[np.uint8] | NDArray[np.float32]:
    """Return one face ``[h, w]``: uint8, or float32 in 0..1."""
    face = np.asarray(img)
    shape = face.shape
    if face.ndim == len("nhwc") and shape[0] == 1:
        face = face[0]
    if face.ndim == len("hwc") and face.shape[2] == 1:
        face = face[..., 0]
    if face.ndim != len("hw") or face.size == 0:
        raise ValueError(
            f"expected one grey face, [h, w], [h, w, 1] or [1, h, w, 1], not {list(shape)}"
        )
    whole = np.issubdtype(face.dtype, np.integer)
    if not whole and not np.issubdtype(face.dtype, np.floating):
        raise ValueError(f"expected grey values as integers or floats, not {face.dtype}")
    white = _WHITE if whole else 1
    if not (face.min() >= 0 and face.max() <= white):
        raise ValueError(
            f"grey values {face.min()} to {face.max()}: expected 0..255 as integers or 0..1 as "
            "floats"
        )
    return face.astype(np.uint8) if whole else face.astype(np.float32)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        architecture = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EdgeFerError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise EdgeFerError(f"{path} is damaged or no JSON: {error}") from None
    if not isinstance(architecture, dict) or not {"class_name", "config"} <= architecture.keys():
        raise EdgeFerError(f"{path} holds no Keras network: expected what model.to_json() says")
    if str(architecture.get("keras_version", "")).startswith("1."):
        raise EdgeFerError(f"{path} is of Keras 1, which is too old: save it again with Keras 2")
    return architecture


def _load(path: Path, architecture: dict[str, Any], weights: Path) -> keras.Model:
    if not weights.is_file():
        raise EdgeFerError(f"cannot read {weights}: no such file")
    try:
        if is_keras2(architecture):
            return load_keras2(architecture, weights)
        return _load_keras3(architecture, weights)
    except _KERAS_FAULTS as error:
        fault = str(error).strip().partition("\n")[0].rstrip(":")
        raise EdgeFerError(
            f"cannot make a network of {path} and {weights}: damaged, or they do not fit: {fault}"
        ) from None


def _load_keras3(architecture: dict[str, Any], weights: Path) -> keras.Model:
    network = keras.models.model_from_json(json.dumps(architecture))
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        # What does not fit raises; what Keras warns of is how its files were in older versions.
        warnings.simplefilter("ignore", UserWarning)
        named = Path(folder) / "network.weights.h5"  # Keras goes by the name
        named.symlink_to(weights.resolve())
        network.load_weights(named)
    return network
