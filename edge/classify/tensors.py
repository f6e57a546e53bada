"""How faces go into a model's input tensor, and probabilities come out of its output tensor."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge.classify.model import INPUT_SHAPE, OUTPUT_SHAPE, ModelError

_DTYPES: Final = (np.int8, np.uint8, np.float32)


@dataclass(frozen=True)
class Tensor:
    """An input or output of a ``.tflite`` file, as its file declares it.

    Attributes
    ----------
    shape
        Of all its axes, the batch first.
    dtype
        Of the values that it holds.
    scale, zero_point
        A quantized value ``q`` stands for ``(q - zero_point) * scale``; 0.0 and 0 for floats.
    """

    shape: tuple[int, ...]
    dtype: Any
    scale: float
    zero_point: int

    @classmethod
    def of(cls, details: dict[str, Any]) -> "Tensor":
        """Read what an interpreter says of a tensor."""
        scale, zero_point = details["quantization"]
        shape = tuple(int(side) for side in details["shape"])
        return cls(shape, details["dtype"], float(scale), int(zero_point))


class FaceCodec:
    """Quantizes faces for a model and reads its probabilities back.

    Parameters
    ----------
    given, result
        The model's only input and output.
    source
        What to call the model in errors.

    Raises
    ------
    ModelError
        If either breaks the contract: its shape, its type, or no scale where it needs one.
    """

    def __init__(self, given: Tensor, result: Tensor, source: str) -> None:
        _check(given, INPUT_SHAPE, f"{source}: the input")
        _check(result, OUTPUT_SHAPE, f"{source}: the output")
        self.given, self.result = given, result
        self._values = _input_values(given)

    def encode(self, face: NDArray[np.uint8]) -> NDArray[Any]:
        """Return a grey face, uint8 ``[48, 48]``, as the input ``[1, 48, 48, 1]``."""
        return np.asarray(self._values[face].reshape(INPUT_SHAPE))

    def decode(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        """Return the raw output, of any shape that holds seven values, as probabilities ``[7]``."""
        values = raw.reshape(-1)
        if self.result.scale == 0:
            return np.asarray(values, np.float32)
        real = (values.astype(np.float32) - self.result.zero_point) * np.float32(self.result.scale)
        return np.asarray(real)


def _check(tensor: Tensor, shape: tuple[int, ...], what: str) -> None:
    if tensor.shape != shape:
        raise ModelError(f"{what} is {list(tensor.shape)}, edge-fer needs {list(shape)}")
    if tensor.dtype not in _DTYPES:
        found = np.dtype(tensor.dtype)
        raise ModelError(f"{what} is {found}, edge-fer needs int8, uint8 or float32")
    if tensor.dtype != np.float32 and tensor.scale == 0:
        raise ModelError(f"{what} has no quantization scale")


def _input_values(given: Tensor) -> NDArray[Any]:
    """Return the input value of every grey value 0..255: one look-up quantizes a face."""
    grey = np.arange(256, dtype=np.float64) / 255
    if given.dtype == np.float32:
        return grey.astype(np.float32)
    limits = np.iinfo(given.dtype)
    quantized = np.rint(grey / given.scale + given.zero_point)
    return np.asarray(np.clip(quantized, limits.min, limits.max), given.dtype)
