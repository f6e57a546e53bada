"""Several faces in a frame: a loop, a batch, or several interpreters side by side?

``python -m tests.benchmarks.faces_a_frame training/models/fer-deep/network.keras``
"""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from rich.console import Console
from rich.table import Table

from convert.quantize import to_tflite
from training.network import load_network

FACES = (1, 4, 16)
SECONDS = 2.0


def _model(network: keras.Model, batch: int) -> bytes:
    face = keras.Input(batch_shape=(batch, 48, 48, 1))
    model = keras.models.clone_model(network, input_tensors=face)
    model.set_weights(network.get_weights())
    # Each sample of the calibration is a whole batch here.
    calibration = np.random.default_rng(0).random((8, batch, 48, 48, 1), np.float32)
    return to_tflite(model, "int8", calibration)


def _interpreter(content: bytes, threads: int) -> Interpreter:
    interpreter = Interpreter(model_content=content, num_threads=threads)
    interpreter.allocate_tensors()
    return interpreter


def _run(interpreter: Interpreter, faces: np.ndarray) -> np.ndarray:
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], faces)
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))


def _milliseconds(work: Callable[[], object]) -> float:
    for _ in range(3):
        work()
    times = []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1000


class Ways:
    """The three ways to read `count` faces with `threads` threads."""

    def __init__(self, network: keras.Model, threads: int, count: int) -> None:
        single = _model(network, 1)
        self._faces = np.zeros((count, 1, 48, 48, 1), np.int8)
        self._loop = _interpreter(single, threads)
        self._batch = _interpreter(_model(network, count), threads)
        self._several = [_interpreter(single, 1) for _ in range(threads)]
        self._pool = ThreadPoolExecutor(threads)

    def loop(self) -> None:
        for face in self._faces:
            _run(self._loop, face)

    def batch(self) -> None:
        _run(self._batch, self._faces[:, 0])

    def several(self) -> None:
        list(self._pool.map(self._share, range(len(self._several))))

    def _share(self, number: int) -> None:
        for face in self._faces[number :: len(self._several)]:
            _run(self._several[number], face)


def main(path: Path) -> None:
    """Print the milliseconds of a frame for each way, number of faces and number of threads."""
    network = load_network(path)
    table = Table("threads", "faces", "loop ms", "batch ms", "interpreters ms", title=network.name)
    for threads in (1, 2):
        for count in FACES:
            ways = Ways(network, threads, count)
            times = (_milliseconds(way) for way in (ways.loop, ways.batch, ways.several))
            table.add_row(str(threads), str(count), *(f"{time:.2f}" for time in times))
    Console().print(table)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
