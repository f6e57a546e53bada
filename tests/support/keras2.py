"""Make the files of tests/training/keras2 anew, with the last Keras 2.

It wants tf_keras, in an environment of its own: tf_keras brings the whole of tensorflow, which
writes itself over tensorflow-cpu. ``python -m tests.support.keras2``
"""

import json
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[1] / "training" / "keras2"
FILTERS, UNITS = (4, 6, 8, 8), (10, 12)
"""The deep network of the course projects, only narrower: theirs has 64 to 512."""

FIRST_VARIANCE = 5
"""Place in the weights of what the first batch norm divides by."""


def faces() -> np.ndarray:
    """Return two pictures, uint8 ``[2, 48, 48]``."""
    return np.random.default_rng(2013).integers(0, 256, (2, 48, 48), np.uint8)


def make() -> None:
    """Write each kind of network, its weights and what it says of the faces."""
    import tf_keras
    from tf_keras import layers

    def stack(kernels=(3, 5, 3, 3)):
        for filters, kernel in zip(FILTERS, kernels, strict=True):
            first = {"input_shape": (48, 48, 1)} if filters == FILTERS[0] else {}
            yield layers.Conv2D(filters, (kernel, kernel), padding="same", **first)
            yield from (layers.BatchNormalization(), layers.Activation("relu"))
            yield from (layers.MaxPooling2D(pool_size=(2, 2)), layers.Dropout(0.25))
        yield layers.Flatten()
        for units in UNITS:
            yield from (layers.Dense(units), layers.BatchNormalization())
            yield from (layers.Activation("relu"), layers.Dropout(0.25))
        yield layers.Dense(7, activation="softmax")

    sequential = tf_keras.Sequential(list(stack()))
    tensors = [tf_keras.Input((48, 48, 1))]
    for layer in stack():
        tensors.append(layer(tensors[-1]))
    functional = tf_keras.Model(tensors[0], tensors[-1])
    random = np.random.default_rng(0)
    pixels = faces()[..., np.newaxis].astype(np.float32)
    FOLDER.mkdir(exist_ok=True)
    said = {}
    for name, network in (("sequential", sequential), ("functional", functional)):
        weights = [
            random.normal(0, np.prod(w.shape[:-1]) ** -0.5, w.shape)
            if w.ndim > 1
            else random.uniform(0.5, 1.5, w.shape)
            for w in network.get_weights()
        ]
        weights[FIRST_VARIANCE] *= 3000  # so that pixels 0..255 do not drive it to certainty
        network.set_weights(weights)
        (FOLDER / f"{name}.json").write_text(network.to_json() + "\n")
        network.save_weights(FOLDER / f"{name}_weights.h5")
        said[name] = {
            "of 0..1": network.predict(pixels / 255, verbose=0).tolist(),
            "of 0..255": network.predict(pixels, verbose=0).tolist(),
        }
    (FOLDER / "said.json").write_text(json.dumps(said) + "\n")


if __name__ == "__main__":
    make()
