"""LiteRT's compiled model: the way to the GPU accelerators that come with its wheels."""

import re
from typing import Any, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from edge.classify.model import ModelError
from edge.classify.native_log import capture, silence_exit
from edge.classify.tensors import FaceCodec
from edge.emotions import FACE_SIZE

_ADAPTER: Final = re.compile(r"Selected adapter: (?P<name>[^,\n]+).*adapterType=(?P<kind>[^,\n]+)")
_REASON: Final = re.compile(r"^ERROR:.*?\] (?:.*INTERNAL: )?(?P<what>.+)$", re.MULTILINE)


class CompiledModel:
    """A model compiled for one accelerator; used by one thread at a time.

    Parameters
    ----------
    content
        The bytes of a ``.tflite`` file with a fixed batch of one face.
    codec
        Of the same file, from an interpreter: the compiled model does not tell its scales.
    accelerator
        ``gpu``, or ``cpu`` for comparison.
    threads
        Of the CPU.

    Attributes
    ----------
    adapter : str
        The GPU's name, empty where LiteRT does not tell it.
    software : bool
        Whether that GPU is a program on the CPU, such as SwiftShader or lavapipe, or may be one
        for all that LiteRT tells.

    Raises
    ------
    ModelError
        If LiteRT is not installed or has no such accelerator, or not all of the model runs on it.
    """

    _newest: ClassVar[object] = None

    def __init__(
        self,
        content: bytes,
        codec: FaceCodec,
        accelerator: Literal["gpu", "cpu"] = "gpu",
        threads: int = 1,
    ) -> None:
        try:
            from ai_edge_litert import compiled_model as litert
        except ImportError as error:
            raise ModelError(f"no LiteRT for a {accelerator} model: {error}") from None
        options = litert.Options(
            hardware_accelerators=litert.HardwareAccelerator[accelerator.upper()],
            cpu_options=litert.CpuOptions(num_threads=threads),
        )
        self._codec = codec
        fault = ""
        with capture() as log:
            try:
                self._model = litert.CompiledModel.from_buffer(content, options=options)
                self._inputs: list[Any] = self._model.create_input_buffers(0)
                self._outputs: list[Any] = self._model.create_output_buffers(0)
                # The first run compiles what is left, and is the last to write to the log.
                self.probabilities(np.zeros((FACE_SIZE, FACE_SIZE), np.uint8))
            except (RuntimeError, ValueError) as error:
                fault = " ".join(str(error).split()) or type(error).__name__
        if fault:
            raise ModelError(_reason(log.text) or fault)
        if accelerator == "gpu" and not self._model.is_fully_accelerated():
            raise ModelError("the GPU cannot run all of it")
        # LiteRT tells of all that it unloads. Let that be at the end, when nobody listens.
        CompiledModel._newest = (self._model, self._inputs, self._outputs)
        silence_exit()
        found = _ADAPTER.search(log.text)
        self.adapter = found["name"].strip() if found else ""
        self.software = found is None or "CPU" in found["kind"]

    def probabilities(self, face: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Read one grey face, uint8 ``[48, 48]``; return softmax probabilities ``[7]``.

        Raises
        ------
        RuntimeError
            If the accelerator fails.
        """
        self._inputs[0].write(self._codec.encode(face))
        self._model.run_by_index(0, self._inputs, self._outputs)
        result = self._codec.result
        return self._codec.decode(self._outputs[0].read(result.shape[-1], result.dtype))


def _reason(text: str) -> str:
    """Return the first error of LiteRT's log that says more than where it happened."""
    for match in _REASON.finditer(text):
        what = match["what"].strip()
        if what:
            return what
    return ""
