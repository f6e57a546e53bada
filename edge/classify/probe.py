"""Tries the GPU in a process of its own: a driver that crashes or hangs takes no daemon with it.

``python -m edge.classify.probe`` is that process; `probe_gpu` starts it and reads its report.
"""

import functools
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

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
    command = [sys.executable, "-m", "edge.classify.probe", str(path), str(threads)]
    if run_software:
        command.append("--software")
    seconds = _SOFTWARE_TIMEOUT_SECONDS if run_software else _TIMEOUT_SECONDS
    deadline = time.monotonic() + seconds
    with subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        while True:
            try:
                output, _ = process.communicate(timeout=_POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                if stop is not None and stop.is_set():
                    process.kill()
                    return GpuReport(fault="stopped while trying the GPU")
                if time.monotonic() >= deadline:
                    process.kill()
                    return GpuReport(fault=f"no answer from the GPU in {seconds:.0f} s")
    if process.returncode < 0:
        return GpuReport(fault=f"the GPU's driver crashed (signal {-process.returncode})")
    try:
        # What a driver prints comes before our own line.
        return GpuReport.model_validate_json(output.strip().rpartition(b"\n")[2])
    except ValidationError:
        return GpuReport(fault=f"trying the GPU failed with exit code {process.returncode}")


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
