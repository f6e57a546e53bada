"""Networks that Keras 2 left behind: a JSON file, and an HDF5 file with the weights.

Keras 3 reads neither alone, but the two in one: the whole-model file of Keras 2, with the JSON
as the attribute ``model_config`` and the weights as the group ``model_weights``.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import h5py
import keras

_NEW: Final = ("module", "registered_name", "build_config")
"""Keys of Keras 3 that the last Keras 2 wrote too; with them Keras 3 takes a layer for its own."""


def is_keras2(architecture: dict[str, Any]) -> bool:
    """Return whether Keras 2 or older wrote this JSON; Keras 3 names no version."""
    return "keras_version" in architecture


def load_keras2(architecture: dict[str, Any], weights: Path) -> keras.Model:
    """Build the network of a Keras 2 JSON.

    Parameters
    ----------
    architecture
        What ``model.to_json()`` said, Sequential or Functional, parsed.
    weights
        What ``model.save_weights`` or ``model.save`` wrote as HDF5.

    Raises
    ------
    ValueError, TypeError, LookupError, OSError
        If one of the two is damaged, or they do not fit.
    """
    with TemporaryDirectory() as folder:
        joined = Path(folder) / "network.h5"
        with h5py.File(joined, "w") as whole, h5py.File(weights) as given:
            whole.attrs["model_config"] = json.dumps(_as_in_whole_model(architecture))
            given.copy(given.get("model_weights", given["/"]), whole, "model_weights")
        network = keras.models.load_model(joined, compile=False)
    # Keras 2 has a list of inputs even where there is but one.
    return keras.Model(network.inputs[0], network.outputs[0])


def _as_in_whole_model(architecture: dict[str, Any]) -> dict[str, Any]:
    kind, config = architecture["class_name"], _without_new_keys(architecture["config"])
    if isinstance(config, list):  # Sequential before Keras 2.2.3
        config = {"name": "sequential", "layers": config}
    layers = config["layers"]
    # Keras 2 let any first layer say the input's shape; Keras 3 reads that from InputLayer alone.
    shapes = [
        layer["config"].pop("batch_input_shape", None)
        for layer in layers
        if layer["class_name"] != "InputLayer"
    ]
    if len(shapes) == len(layers):
        face = {"name": "face", "batch_input_shape": shapes[0]}
        layers.insert(0, {"class_name": "InputLayer", "config": face})
    return {"class_name": "Functional" if kind == "Model" else kind, "config": config}


def _without_new_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_new_keys(v) for k, v in value.items() if k not in _NEW}
    if isinstance(value, list):
        return [_without_new_keys(v) for v in value]
    return value
