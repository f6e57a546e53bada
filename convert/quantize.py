"""From a Keras model to a ``.tflite`` (TensorFlow's converter), quantized or not."""

import warnings
from collections.abc import Iterator
from typing import Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from edge.classify.model import Quantization
from edge.classify.native_log import capture
from edge.errors import EdgeFerError
from training.data import Samples, as_input

CALIBRATION_IMAGES: Final = 2100

_UNUSUAL: Final = 3.0
"""A face is left out of calibration if its peak in any layer is this many times the median's."""

_MAPS_RANK: Final = 4


def one_face(network: keras.Model) -> keras.Model:
    """Return the network with a fixed batch of one face: what GPU delegates ask for."""
    face = keras.Input(batch_shape=(1, *network.input_shape[1:]), name="face")
    model = keras.models.clone_model(network, input_tensors=face)
    model.set_weights(network.get_weights())
    return model


def calibration_faces(training: Samples, count: int, seed: int = 0) -> NDArray[np.float32]:
    """Draw faces of the Training split, equally many of each emotion; ``[n, 48, 48, 1]``."""
    random = np.random.default_rng(seed)
    emotions = np.unique(training.labels)
    share = max(1, count // len(emotions))
    chosen = [
        random.choice(places, min(share, len(places)), replace=False)
        for places in (np.flatnonzero(training.labels == emotion) for emotion in emotions)
    ]
    return as_input(training.images[np.concatenate(chosen)])


def typical(network: keras.Model, faces: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the faces whose activations are like most others' in every layer.

    FER-2013 has pictures that are no faces; one of them may have a thousand times the activation
    of a face, and a range that must hold it has no steps left for faces.
    """
    maps = [
        layer.output
        for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization)
        and len(layer.output.shape) == _MAPS_RANK
    ]
    if not maps:
        return faces
    peaks = keras.Model(
        network.inputs,
        keras.ops.stack([keras.ops.max(keras.ops.abs(m), axis=(1, 2, 3)) for m in maps], axis=1),
    )
    seen = np.asarray(peaks.predict(faces, batch_size=256, verbose=0))
    usual = seen <= _UNUSUAL * np.median(seen, axis=0)
    return np.asarray(faces[usual.all(axis=1)])


def to_tflite(
    model: keras.Model, quantization: Quantization, calibration: NDArray[np.float32]
) -> bytes:
    """Convert a Keras model to a ``.tflite``.

    Parameters
    ----------
    model
        In float32, with a fixed batch of one.
    quantization
        ``int8``: weights per channel, activations, input and output. ``dynamic``: weights in
        int8, activations quantized while it runs. ``float16``: weights in 16 bits. ``float32``:
        as it is.
    calibration
        Faces ``[n, 48, 48, 1]`` in 0..1 whose activations set the ranges of int8.
    """

    def samples() -> Iterator[list[NDArray[np.float32]]]:
        for face in calibration:
            yield [face.reshape(model.input_shape)]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if quantization != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantization == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if quantization == "int8":
        converter.representative_dataset = samples
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    # The converter prints the graph's tensors and warns of what is meant to be so.
    try:
        with capture() as log, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return bytes(converter.convert())
    except Exception as error:  # noqa: BLE001 - TensorFlow's converter raises bare exceptions
        errors = [line for line in log.text.splitlines() if "error" in line.lower()]
        said = (errors or str(error).strip().splitlines() or [type(error).__name__])[0]
        raise EdgeFerError(f"{model.name} cannot be made {quantization}: {said.strip()}") from None
