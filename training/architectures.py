"""The networks, layer by layer, chosen by name.

Every network takes ``[batch, 48, 48, 1]`` grey values in 0..1 and gives ``[batch, 7]``
softmax probabilities in FER-2013 order, from an output layer named ``emotion``.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from keras import Input, KerasTensor, Model, layers

from edge.emotions import EMOTIONS, FACE_SIZE
from edge.errors import EdgeFerError


def shallow(batch_size: int | None = None, dropout: float = 0.25) -> Model:
    """Build the shallow CNN of course projects: two convolutions, one dense layer.

    Parameters
    ----------
    batch_size
        A fixed batch size for conversion, or None for any.
    dropout
        Rate after every block, 0..1; twice that after the dense layer.
    """
    face = x = _face(batch_size)
    for filters in (32, 64):
        x = _pooled(x, filters, 3, dropout)
    x = _dense(layers.Flatten()(x), 512, min(0.9, 2 * dropout))
    return Model(face, _emotion(x), name="shallow")


def deep(batch_size: int | None = None, dropout: float = 0.25) -> Model:
    """Build the deep CNN: four convolutions, two dense layers, 4,478,727 parameters.

    The network that FER-2013 course projects train: conv 64 3x3, 128 5x5, 512 3x3, 512 3x3,
    each with batch norm, ReLU, 2x2 max pool and dropout; dense 256 and 512; softmax 7.
    """
    face = x = _face(batch_size)
    for filters, kernel in ((64, 3), (128, 5), (512, 3), (512, 3)):
        x = _pooled(x, filters, kernel, dropout)
    x = layers.Flatten()(x)
    for units in (256, 512):
        x = _dense(x, units, dropout)
    return Model(face, _emotion(x), name="deep")


def edge(
    batch_size: int | None = None, dropout: float = 0.25, size: int | None = FACE_SIZE
) -> Model:
    """Build the network made for this job: four residual blocks, 4.85 million parameters.

    As many as the deep CNN's int8 latency has room for.

    Parameters
    ----------
    size
        Side of the faces in pixels, or None for any: training may begin with smaller ones.
    """
    face = _face(batch_size, size)
    return _residual_network("edge", face, {64: 1, 160: 1, 320: 2}, dropout)


def light(
    batch_size: int | None = None, dropout: float = 0.25, size: int | None = FACE_SIZE
) -> Model:
    """Build `edge` at half its width, for small boards: a quarter of its work, 1.2 million."""
    face = _face(batch_size, size)
    return _residual_network("light", face, {32: 1, 80: 1, 160: 2}, dropout)


def wide(
    batch_size: int | None = None, dropout: float = 0.25, size: int | None = FACE_SIZE
) -> Model:
    """Build a teacher for `edge`: twice as wide and as deep, 21.5 million parameters."""
    face = _face(batch_size, size)
    return _residual_network("wide", face, {128: 2, 320: 2, 640: 2}, dropout)


def with_votes(model: Model) -> Model:
    """Add an output ``votes`` beside ``emotion``, on the same features."""
    features = model.get_layer("emotion").input
    votes = layers.Dense(len(EMOTIONS), activation="softmax", dtype="float32", name="votes")
    outputs = {"emotion": model.output, "votes": votes(features)}
    return Model(model.input, outputs, name=model.name)


def averaged(model: Model) -> Model:
    """Join the two outputs of `with_votes` to one, their mean.

    By a dense layer that never learns: the GPU delegate adds two answers wrongly.
    """
    answers = [model.get_layer(head).output for head in ("emotion", "votes")]
    both = layers.Concatenate(dtype="float32")(answers)
    halves = np.tile(np.eye(len(EMOTIONS)) / 2, (2, 1))
    mean = layers.Dense(len(EMOTIONS), use_bias=False, dtype="float32", name="mean")
    joined = Model(model.input, mean(both), name=model.name)
    mean.set_weights([halves])
    return joined


def _residual_network(
    name: str, face: KerasTensor, stages: dict[int, int], dropout: float
) -> Model:
    """Halve the side in every stage, which has so many filters and ends in so many blocks.

    Residual blocks (He et al., 2015) with squeeze and excitation (Hu et al., 2017). No dense
    layer but the last: any face size will do.
    """
    x = face
    for stage, (filters, blocks) in enumerate(stages.items()):
        x = _conv(x, filters, kernel=5 if stage == 0 else 3, strides=2)
        for _ in range(blocks):
            x = _residual(x)
    x = layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(x))
    return Model(face, _emotion(x), name=name)


def _face(batch_size: int | None, size: int | None = FACE_SIZE) -> KerasTensor:
    return Input(shape=(size, size, 1), batch_size=batch_size, name="face")


def _emotion(x: KerasTensor) -> KerasTensor:
    return layers.Dense(len(EMOTIONS), activation="softmax", dtype="float32", name="emotion")(x)


def _pooled(x: KerasTensor, filters: int, kernel: int, dropout: float) -> KerasTensor:
    x = layers.Conv2D(filters, kernel, padding="same")(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    return layers.Dropout(dropout)(layers.MaxPooling2D(2)(x))


def _dense(x: KerasTensor, units: int, dropout: float) -> KerasTensor:
    x = layers.BatchNormalization()(layers.Dense(units)(x))
    return layers.Dropout(dropout)(layers.ReLU()(x))


def _conv(x: KerasTensor, filters: int, kernel: int, strides: int = 1) -> KerasTensor:
    x = layers.Conv2D(filters, kernel, strides, padding="same", use_bias=False)(x)
    return _bounded()(layers.BatchNormalization()(x))


def _bounded() -> layers.Layer:
    """ReLU up to 6 (Krizhevsky, 2010): no odd picture leaves int8 without steps for faces."""
    return layers.ReLU(max_value=6)


def _residual(x: KerasTensor) -> KerasTensor:
    filters = x.shape[-1]
    y = _conv(x, filters, 3)
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    # Begin as the identity: a network that deep learns sooner (Goyal et al., 2017).
    y = layers.BatchNormalization(gamma_initializer="zeros")(y)
    squeezed = layers.GlobalAveragePooling2D(keepdims=True)(y)
    squeezed = layers.Conv2D(filters // 8, 1, activation="relu")(squeezed)
    gate = layers.Conv2D(filters, 1, activation="sigmoid")(squeezed)
    return _bounded()(layers.Add()([x, layers.Multiply()([y, gate])]))


ARCHITECTURES: Final[dict[str, Callable[..., Model]]] = {
    "shallow": shallow,
    "deep": deep,
    "edge": edge,
    "light": light,
    "wide": wide,
}

ANY_SIZE: Final = frozenset({"edge", "light", "wide"})
"""Those that take an option ``size``, for faces of another side."""


def build(name: str, **options: Any) -> Model:
    """Build the architecture `name`; `options` go to its function.

    Raises
    ------
    EdgeFerError
        If there is no such architecture.
    """
    try:
        architecture = ARCHITECTURES[name]
    except KeyError:
        known = ", ".join(ARCHITECTURES)
        raise EdgeFerError(f"no architecture {name!r}: choose one of {known}") from None
    return architecture(**options)
