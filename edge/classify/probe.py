"""Tries the GPU in a process of its own: a driver that crashes or hangs takes no daemon with it.

``python -m edge.classify.probe`` is that process; `probe_gpu` starts it and reads its report.
"""

import functools
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.classify.compiled import CompiledModel
from edge.classify.golden import deviation
from edge.classify.interpreter import InterpreterModel
from edge.classify.model import ModelError, read_model
from edge.classify.timing import milliseconds

_TIMEOUT_SECONDS: Final = 60.0
_SOFTWARE_TIMEOUT_SECONDS: Final = 300.0
"""One that was asked for may be a slow one."""

_POLL_SECONDS: Final = 0.1


class GpuReport(BaseModel):
    """What the GPU did with a model.

    Attributes
    ----------
    fault
        Why it cannot be used; empty where it can.
    adapter, software
        As `CompiledModel` tells them.
    deviation
        From the golden answers, 0..1 for probabilities.
    gpu_ms, cpu_ms
        Median milliseconds a face, of the GPU and of the CPU's interpreter.
    """

    model_config = ConfigDict(ser_json_inf_nan="constants")

    fault: str = ""
    adapter: str = ""
    software: bool = False
    deviation: float = 0.0
    gpu_ms: float = 0.0
    cpu_ms: float = 0.0


@functools.cache
def probe_gpu(
    path: Path, threads: int, run_software: bool, stop: threading.Event | None = None
) -> GpuReport:
    """Try the model at `path` on the GPU, once for all cameras that use it.

    Parameters
    ----------
    path
        Of the ``.tflite``, its JSON beside it.
    threads
        Of the CPU's interpreter that the GPU is timed against.
    run_software
        Whether to go on where the GPU is a program on the CPU.
    stop
        Ends the wait when it is set.
    """
    # -P, or the folder that the daemon was started in would come before our own package.
    command = [sys.executable, "-P", "-m", "edge.classify.probe", str(path), str(threads)]
    if run_software:
        command.append("--software")
    here = str(Path(__file__).parents[2])
    paths = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    try:
        process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths},
        )  # fmt: skip
    except OSError as error:
        return GpuReport(fault=f"cannot try the GPU: {error.strerror}")
    seconds = _SOFTWARE_TIMEOUT_SECONDS if run_software else _TIMEOUT_SECONDS
    output = _wait(process, time.monotonic() + seconds, stop)
    if stop is not None and stop.is_set():
        return GpuReport(fault="stopped while trying the GPU")
    if output is None:
        return GpuReport(fault=f"no answer from the GPU in {seconds:.0f} s")
    if process.returncode < 0:
        return GpuReport(fault=f"the GPU's driver crashed (signal {-process.returncode})")
    # What a driver prints may come before and after our own line.
    for line in output.splitlines():
        with suppress(ValidationError):
            return GpuReport.model_validate_json(line)
    return GpuReport(fault=f"trying the GPU failed with exit code {process.returncode}")


def _wait(
    process: subprocess.Popen[bytes], deadline: float, stop: threading.Event | None
) -> bytes | None:
    """Return what the trial writes; None, and an end to it, past the deadline or at a stop."""
    while time.monotonic() < deadline and not (stop is not None and stop.is_set()):
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=_POLL_SECONDS)[0]
    process.kill()
    # A process that a driver keeps in the kernel does not even die of that.
    with suppress(subprocess.TimeoutExpired):
        process.wait(1)
    return None


def report(path: Path, threads: int, run_software: bool) -> GpuReport:
    """Try the GPU in this very process."""
    try:
        content, description = read_model(path)
        cpu = InterpreterModel(content, str(path), threads, "litert")
        gpu = CompiledModel(content, cpu.codec)
    except ModelError as error:
        return GpuReport(fault=str(error))
    found = GpuReport(adapter=gpu.adapter, software=gpu.software)
    if gpu.software and not run_software:
        return found
    try:
        found.deviation = deviation(gpu, description.golden)
        face = description.golden[0].face
        found.gpu_ms = milliseconds(lambda: gpu.probabilities(face))
        found.cpu_ms = milliseconds(lambda: cpu.probabilities(face))
    except RuntimeError as error:
        found.fault = " ".join(str(error).split())
    return found


if __name__ == "__main__":
    _path, _threads, *_rest = sys.argv[1:]
    print(report(Path(_path), int(_threads), "--software" in _rest).model_dump_json())
