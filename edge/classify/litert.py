"""One TFLite model on LiteRT's interpreter."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from edge.classify.model import INPUT_SHAPE, OUTPUT_SHAPE, ModelError

_DTYPES: Final = (np.int8, np.uint8, np.float32)


class LiteRtModel:
    """A loaded model that reads one face at a time.

    Parameters
    ----------
    content
        The bytes of the ``.tflite`` file.
    source
        What to call it in errors.
    threads
        CPU threads of the interpreter.

    Raises
    ------
    ModelError
        If LiteRT cannot load it, or its input or output breaks the contract.
    """

    def __init__(self, content: bytes, source: str, threads: int) -> None:
        try:
            with _native_silence():
                self._interpreter = Interpreter(model_content=content, num_threads=threads)
                self._interpreter.allocate_tensors()
            (given,), (result,) = (
                self._interpreter.get_input_details(),
                self._interpreter.get_output_details(),
            )
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{source} is not a model that LiteRT can run: {error}") from None
        _check(source, "input", given, INPUT_SHAPE)
        _check(source, "output", result, OUTPUT_SHAPE)
        self._input, self._output = given["index"], result["index"]
        self._input_values = _input_table(given)
        self._result = result

    def probabilities(self, face: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Read one grey face, uint8 ``[48, 48]``; return softmax probabilities ``[7]``."""
        self._interpreter.set_tensor(self._input, self._input_values[face].reshape(INPUT_SHAPE))
        self._interpreter.invoke()
        raw = self._interpreter.get_tensor(self._output)[0]
        if raw.dtype == np.float32:
            return np.asarray(raw)
        scale, zero = self._result["quantization"]
        return np.asarray((raw.astype(np.float32) - zero) * np.float32(scale))


@contextmanager
def _native_silence() -> Iterator[None]:
    """Keep LiteRT's own lines off standard error: what matters of them comes as an exception."""
    sys.stderr.flush()
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _check(source: str, what: str, details: dict[str, Any], shape: tuple[int, ...]) -> None:
    found = tuple(int(side) for side in details["shape"])
    if found != shape:
        raise ModelError(f"{source}: the {what} is {list(found)}, edge-fer needs {list(shape)}")
    if details["dtype"] not in _DTYPES:
        raise ModelError(
            f"{source}: the {what} is {np.dtype(details['dtype'])}, "
            "edge-fer needs int8, uint8 or float32"
        )
    if details["dtype"] != np.float32 and not details["quantization"][0]:
        raise ModelError(f"{source}: the {what} has no quantization scale")


def _input_table(details: dict[str, Any]) -> NDArray[Any]:
    """Return the input value of every grey value 0..255: one look-up quantizes a face."""
    grey = np.arange(256, dtype=np.float64) / 255
    dtype = details["dtype"]
    if dtype == np.float32:
        return grey.astype(np.float32)
    scale, zero = details["quantization"]
    limits = np.iinfo(dtype)
    quantized = np.clip(np.rint(grey / scale + zero), limits.min, limits.max)
    return np.asarray(quantized, dtype)
