"""The networks, layer by layer, chosen by name.

Every network takes ``[batch, 48, 48, 1]`` grey values in 0..1 and gives ``[batch, 7]``
softmax probabilities in FER-2013 order.
"""

from collections.abc import Callable
from typing import Any, Final

from keras import Input, Model, Sequential, layers

from edge.emotions import EMOTIONS, FACE_SIZE
from edge.errors import EdgeFerError


def deep(batch_size: int | None = None, dropout: float = 0.25) -> Model:
    """Build the deep CNN: four convolutions, two dense layers, 4,478,727 parameters.

    The network that FER-2013 course projects train: conv 64 3x3, 128 5x5, 512 3x3, 512 3x3,
    each with batch norm, ReLU, 2x2 max pool and dropout; dense 256 and 512; softmax 7.

    Parameters
    ----------
    batch_size
        A fixed batch size for conversion, or None for any.
    dropout
        Rate after every block, 0..1.
    """
    model = Sequential(name="deep")
    model.add(Input(shape=(FACE_SIZE, FACE_SIZE, 1), batch_size=batch_size, name="face"))
    for filters, kernel in ((64, 3), (128, 5), (512, 3), (512, 3)):
        model.add(layers.Conv2D(filters, kernel, padding="same"))
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
        model.add(layers.MaxPooling2D(2))
        model.add(layers.Dropout(dropout))
    model.add(layers.Flatten())
    for units in (256, 512):
        model.add(layers.Dense(units))
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
        model.add(layers.Dropout(dropout))
    model.add(layers.Dense(len(EMOTIONS), activation="softmax", dtype="float32", name="emotion"))
    return model


ARCHITECTURES: Final[dict[str, Callable[..., Model]]] = {"deep": deep}


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
