"""Grad-CAM: where in a face a network sees evidence for an emotion.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
Localization" (2016). Every map of a layer is weighted with the mean gradient of the emotion's
score, and what is positive in their sum is the heat.
"""

from collections.abc import Iterable
from typing import Any, Final

import cv2
import keras
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from edge.emotions import EMOTIONS, FACE_SIZE
from edge.errors import EdgeFerError
from training.gradcam.gradient import gradient

FloatArray = NDArray[np.float32]

_BATCH: Final = 32

_MAPS_RANK: Final = 4
"""Maps are ``[batch, height, width, channels]``."""

_FEATURES: Final = (
    keras.layers.Conv2D,
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
)
"""Layers whose maps say where something is: a convolution, or the activation behind it."""

# Measured on 400 faces of PublicTest: hiding the hottest tenth of a face lowers the confidence of
# `deep` and of a half-trained `edge` by 0.16 with their last maps of 12x12, by 0.13 with those of
# 6x6, and by 0.10 and 0.09 with the last convolution itself. In `deep` one face in seven has no
# heat at 6x6, one in 400 at 12x12.
_FINE: Final = 12
"""Side of the smallest maps that show a face well."""


def heat_maps(
    network: keras.Model, faces: FloatArray, emotions: NDArray[np.int64], layer: str | None = None
) -> FloatArray:
    """Show where each face has what speaks for an emotion.

    The gradients are those of the score before the softmax, where the network ends in a dense
    softmax layer as ours do; otherwise of the logarithm of the probability.

    Parameters
    ----------
    network
        ``[n, 48, 48, 1]`` to ``[n, 7]`` probabilities.
    faces
        float32 ``[n, 48, 48, 1]``, grey values 0..1.
    emotions
        int64 ``[n]``: for which emotion of each face, indices into `edge.emotions.EMOTIONS`.
    layer
        Whose maps, see `find_layer`.

    Returns
    -------
    float32 ``[n, 48, 48]`` in 0..1; the hottest place of a face is 1, and all of it is 0 where
    nothing speaks for the emotion.

    Raises
    ------
    EdgeFerError
        If there is no such layer, or it has no maps.
    """
    features = find_layer(network, layer).output
    before = keras.Model(network.inputs[0], features)
    # With the face as a second input the cut may run beside a residual connection.
    after = keras.Model([network.inputs[0], features], _score(network))
    wanted = np.eye(len(EMOTIONS), dtype=np.float32)[emotions]
    heat = [_heat(before, after, faces[b], wanted[b]) for b in batches(len(faces), _BATCH, "heat")]
    return np.concatenate([np.empty((0, FACE_SIZE, FACE_SIZE), np.float32), *heat])


def find_layer(network: keras.Model, name: str | None = None) -> keras.layers.Layer:
    """Return the layer of this name; without a name, the last convolution whose maps are fine.

    That is the activation behind the last convolution with maps of 12x12 or more, or of any size
    where none has so many. Before batch norm and ReLU maps have no zero, and their sum means
    little.

    Raises
    ------
    EdgeFerError
        If there is no such layer, or it has no maps: the convolutions of squeeze and excitation,
        for one, see the face as a single point.
    """
    sides = {layer.name: _side(layer) for layer in network.layers}
    usable = [layer for layer in network.layers if sides[layer.name] > 1]
    if name is None:
        features = [layer for layer in usable if isinstance(layer, _FEATURES)]
        fine = [layer for layer in features if sides[layer.name] >= _FINE]
        if features:
            return (fine or features)[-1]
        raise EdgeFerError("the network has no convolution: Grad-CAM needs one")
    if name in sides and sides[name] > 1:
        return network.get_layer(name)
    fault = f"layer {name} has no maps" if name in sides else f"the network has no layer {name}"
    raise EdgeFerError(f"{fault}: choose one of {', '.join(layer.name for layer in usable)}")


def batches(count: int, size: int, doing: str) -> Iterable[slice]:
    """Go through `count` things, `size` at a time, with a bar on a terminal."""
    console = Console(stderr=True)
    steps = [slice(at, at + size) for at in range(0, count, size)]
    return track(steps, doing, console=console, transient=True, disable=not console.is_terminal)


def _side(layer: keras.layers.Layer) -> int:
    """Return the shorter side of a layer's maps, 0 where it has none."""
    shape = layer.output.shape
    if isinstance(layer, keras.layers.InputLayer) or len(shape) != _MAPS_RANK:
        return 0
    return int(min(shape[1:3]))


def _score(network: keras.Model) -> Any:
    last = network.layers[-1]
    if isinstance(last, keras.layers.Dense) and last.activation is keras.activations.softmax:
        linear = keras.layers.Dense(last.units, use_bias=last.use_bias)
        score = linear(last.input)
        linear.set_weights(last.get_weights())
        return score
    return keras.ops.log(keras.ops.maximum(network.outputs[0], keras.config.epsilon()))


def _heat(
    before: keras.Model, after: keras.Model, faces: FloatArray, wanted: FloatArray
) -> FloatArray:
    face, chosen = keras.ops.convert_to_tensor(faces), keras.ops.convert_to_tensor(wanted)
    maps = before(face, training=False)
    slopes = gradient(lambda m: keras.ops.sum(after([face, m], training=False) * chosen), maps)
    weights = keras.ops.mean(slopes, axis=(1, 2), keepdims=True)
    heat = keras.ops.relu(keras.ops.sum(weights * maps, axis=-1))
    small = np.asarray(keras.ops.convert_to_numpy(heat), np.float32)
    full = np.stack([cv2.resize(face, (FACE_SIZE, FACE_SIZE)) for face in small])
    hottest = full.max(axis=(1, 2), keepdims=True)
    return np.asarray(full / np.where(hottest > 0, hottest, 1), np.float32)
