"""TFLite's interpreter, of LiteRT or of its predecessor tflite-runtime: one interface, two wheels.

Runs on the CPU, or on an external delegate library (an Edge TPU, a board's GPU).
"""

import ctypes
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from edge.classify.model import ModelError
from edge.classify.native_log import capture
from edge.classify.tensors import FaceCodec, Tensor

RuntimeName = Literal["litert", "tflite-runtime"]

MODULES: Final[dict[RuntimeName, str]] = {
    "litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
}
INSTALL: Final[dict[RuntimeName, str]] = {
    "litert": "pip install ai-edge-litert",
    "tflite-runtime": "pip install 'edge-fer[tflite-runtime]' in a Python 3.11",
}


@dataclass(frozen=True)
class Library:
    """An external delegate: a shared library with TFLite's delegate interface, and its options."""

    path: Path
    options: Mapping[str, str] = field(default_factory=dict)


def find_runtime(wanted: RuntimeName | Literal["auto"]) -> RuntimeName:
    """Return the runtime to use; of ``auto`` the first one that is installed, LiteRT before.

    Raises
    ------
    ModelError
        If it is not installed.
    """
    choices: tuple[RuntimeName, ...] = tuple(MODULES) if wanted == "auto" else (wanted,)
    errors = []
    for name in choices:
        try:
            importlib.import_module(MODULES[name])
        except ImportError as error:
            errors.append(f"{name}: {error} ({INSTALL[name]})")
        else:
            return name
    raise ModelError(f"no TFLite runtime: {'; '.join(errors)}")


class InterpreterModel:
    """A loaded model that reads one face at a time; used by one thread at a time.

    Parameters
    ----------
    content
        The bytes of the ``.tflite`` file.
    source
        What to call it in errors.
    threads
        CPU threads of the interpreter.
    runtime
        Whose interpreter.
    delegate
        A library to run it on; None for the CPU.

    Raises
    ------
    ModelError
        If the runtime or the delegate cannot be loaded, the runtime cannot read the model, or
        its input or output breaks the contract.
    """

    def __init__(
        self,
        content: bytes,
        source: str,
        threads: int = 1,
        runtime: RuntimeName | Literal["auto"] = "auto",
        delegate: Library | None = None,
    ) -> None:
        self.runtime = find_runtime(runtime)
        module = importlib.import_module(MODULES[self.runtime])
        options: dict[str, Any] = {}
        if delegate is not None:
            options["experimental_delegates"] = [_load(module, delegate)]
        try:
            with capture() as log:
                self._interpreter = module.Interpreter(
                    model_content=content, num_threads=threads, **options
                )
                self._interpreter.allocate_tensors()
            given = self._interpreter.get_input_details()
            result = self._interpreter.get_output_details()
        except (ValueError, RuntimeError) as error:
            on = f" on {delegate.path}" if delegate is not None else ""
            said = _first_error(log.text) or str(error)
            raise ModelError(
                f"{source} is not a model that {self.runtime} can run{on}: {said}"
            ) from None
        if len(given) != 1 or len(result) != 1:
            raise ModelError(
                f"{source} has {len(given)} inputs and {len(result)} outputs: "
                "edge-fer needs one of each"
            )
        self.codec = FaceCodec(Tensor.of(given[0]), Tensor.of(result[0]), source)
        self._input, self._output = given[0]["index"], result[0]["index"]

    def probabilities(self, face: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Read one grey face, uint8 ``[48, 48]``; return softmax probabilities ``[7]``.

        Raises
        ------
        RuntimeError
            If the delegate fails.
        """
        self._interpreter.set_tensor(self._input, self.codec.encode(face))
        self._interpreter.invoke()
        return self.codec.decode(self._interpreter.get_tensor(self._output))


def _load(module: Any, library: Library) -> Any:
    if not library.path.is_file():
        raise ModelError(f"no delegate library at {library.path}")
    try:
        # Looked into first: the runtime's own class leaves half an object behind that complains.
        ctypes.CDLL(str(library.path)).tflite_plugin_create_delegate  # noqa: B018 - looked up only
        with capture():
            return module.load_delegate(str(library.path), dict(library.options))
    except (ValueError, OSError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"{library.path} is no TFLite delegate that works: {reason}") from None


def _first_error(text: str) -> str:
    """Return the first line that a runtime marked as an error."""
    errors = [line for line in text.splitlines() if line.startswith("ERROR")]
    return errors[0].removeprefix("ERROR:").strip() if errors else ""
