"""Chooses what the model runs on: the runtime, and the CPU or a delegate."""

import threading
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import numpy as np

from edge.classify.compiled import CompiledModel
from edge.classify.golden import TOLERANCE, Model, deviation
from edge.classify.interpreter import InterpreterModel, Library, RuntimeName
from edge.classify.model import ModelDescription, ModelError, read_model
from edge.classify.probe import GpuReport, probe_gpu
from edge.classify.timing import milliseconds
from edge.config import ClassifyConfig, LibraryConfig

_PACKAGES: Final[dict[RuntimeName, str]] = {
    "litert": "ai-edge-litert",
    "tflite-runtime": "tflite-runtime",
}

_failures: dict[str, str] = {}
"""Delegates that failed while they ran, and why: a pipeline built anew does without them."""


@dataclass(frozen=True)
class Engine:
    """A model on what was chosen for it.

    Attributes
    ----------
    model
        What reads faces.
    fallback
        The same model on the CPU, where `model` runs on something else.
    runtime
        Its package, with its version.
    delegate
        ``cpu``, ``gpu``, or the file name of a delegate library.
    adapter
        The GPU's name, where there is one.
    reason
        Why this was chosen.
    disappoints
        Whether it is not what the configuration asked for.
    failed
        Whether it takes the place of a delegate that failed while it ran.
    """

    model: Model
    fallback: Model | None
    runtime: str
    delegate: str
    adapter: str
    reason: str
    disappoints: bool = False
    failed: bool = False

    def __str__(self) -> str:
        """Say all of it in a line."""
        on = f"{self.delegate} ({self.adapter})" if self.adapter else self.delegate
        return f"{self.runtime} on {on}: {self.reason}"

    def on_cpu(self, why: str) -> "Engine":
        """Return the engine without its delegate, which failed; it is not chosen again."""
        _failures[self.delegate] = why
        return replace(
            self, model=self.fallback or self.model, fallback=None, delegate="cpu", adapter="",
            reason=f"{self.delegate} failed: {why}", failed=True,
        )  # fmt: skip


def choose_engine(
    path: Path, config: ClassifyConfig, base: Path, stop: threading.Event | None = None
) -> tuple[Engine, ModelDescription]:
    """Load the model at `path` as the configuration asks.

    Parameters
    ----------
    path
        Of the ``.tflite``, its JSON beside it.
    config
        Its runtime, delegate and threads.
    base
        Folder that a delegate library's relative path starts from.
    stop
        Ends the trial of a GPU when it is set.

    Raises
    ------
    ModelError
        If the model is damaged, breaks the contract, or does not give its golden answers on the
        CPU; if a delegate library does not work or changes the answers.
    """
    content, description = read_model(path)
    cpu = InterpreterModel(content, str(path), config.threads, config.runtime)
    _check_type(description, cpu, path)
    _check_answers(cpu, description, f"{path} on {cpu.runtime}")
    package = _PACKAGES[cpu.runtime]
    try:
        runtime = f"{package} {version(package)}"
    except PackageNotFoundError:  # a runtime that a board's vendor put there
        runtime = package
    on_cpu = Engine(cpu, None, runtime, "cpu", "", "asked for")
    wanted = config.delegate
    if wanted == "cpu":
        return on_cpu, description
    library = None
    if isinstance(wanted, LibraryConfig):
        library = Library(base / Path(wanted.library).expanduser(), wanted.texts)
    name = library.path.name if library is not None else "gpu"
    if name in _failures:
        reason = f"{name} failed before: {_failures[name]}"
        return replace(on_cpu, reason=reason, disappoints=True), description
    if library is not None:
        model = InterpreterModel(content, str(path), config.threads, cpu.runtime, library)
        _check_answers(model, description, f"{path} on {library.path}")
        face = description.golden[0].face
        here = milliseconds(lambda: model.probabilities(face))
        there = milliseconds(lambda: cpu.probabilities(face))
        reason = f"asked for; {here:.2f} ms a face, CPU {there:.2f} ms"
        found = replace(on_cpu, model=model, fallback=cpu, delegate=name, reason=reason)
        return found, description
    forced = wanted == "gpu"
    if cpu.runtime != "litert":
        reason = f"{cpu.runtime} has no GPU of its own; name a delegate library"
        return replace(on_cpu, reason=reason, disappoints=forced), description
    report = probe_gpu(path, config.threads, forced, stop)
    reason = _refusal(report, forced)
    if not reason:
        try:
            gpu = CompiledModel(content, cpu.codec)
            _check_answers(gpu, description, f"{path} on the GPU")
        except ModelError as error:
            reason = str(error)
        else:
            why = "asked for" if forced else _times(report)
            return Engine(gpu, cpu, runtime, "gpu", gpu.adapter, why), description
    return replace(on_cpu, reason=reason, disappoints=forced), description


def _refusal(found: GpuReport, forced: bool) -> str:
    """Return why not to use the GPU; empty where nothing speaks against it."""
    if found.fault:
        return f"no GPU ({found.fault})"
    name = found.adapter or "the GPU"
    if found.software and not forced:
        if not found.adapter:
            return "LiteRT does not tell which GPU it found"
        return f"{name} is no GPU but a program on the CPU"
    if not found.deviation <= TOLERANCE:  # NaN too
        return f"{name} gives other answers, off by {found.deviation:.2f}"
    if found.gpu_ms >= found.cpu_ms and not forced:
        return f"{_times(found)}, {name} is no faster"
    return ""


def _times(found: GpuReport) -> str:
    return f"GPU {found.gpu_ms:.2f} ms a face, CPU {found.cpu_ms:.2f} ms"


def _check_type(description: ModelDescription, cpu: InterpreterModel, path: Path) -> None:
    takes = np.dtype(cpu.codec.given.dtype)
    if (description.quantization == "int8") != (takes != np.float32):
        raise ModelError(
            f"{path} takes {takes}, its JSON calls it {description.quantization}: "
            "the two do not belong together; convert the model anew"
        )


def _check_answers(model: Model, description: ModelDescription, what: str) -> None:
    try:
        off = deviation(model, description.golden)
    except (RuntimeError, ValueError, OSError) as error:
        raise ModelError(f"{what} fails at the first face: {error}") from None
    if not off <= TOLERANCE:
        raise ModelError(
            f"{what} does not give the answers that its JSON lists (off by {off:.2f}, allowed "
            f"{TOLERANCE}): its emotions could not be trusted; convert the model anew, or choose "
            "another runtime or delegate"
        )
