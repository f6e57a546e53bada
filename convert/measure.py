"""One ``.tflite`` on one runtime: what it says and how long it takes, in a process of its own.

``python -m convert.measure`` runs in whatever environment has the runtime; it needs nothing but
edge-fer itself. `convert.bench` starts it.
"""

import argparse
import time
from pathlib import Path
from typing import Final, get_args

import numpy as np

from edge.classify.compiled import CompiledModel
from edge.classify.golden import Model
from edge.classify.interpreter import InterpreterModel, RuntimeName
from edge.command import complain
from edge.errors import EdgeFerError

COMPILED: Final = "litert-compiled"
RUNTIMES: Final = (*get_args(RuntimeName), COMPILED)

_WARM_UP: Final = 20


def load(path: Path, runtime: str, threads: int) -> Model:
    """Load the model at `path` on one of `RUNTIMES`, on the CPU.

    Raises
    ------
    ModelError
        If the runtime is not there or cannot run the model.
    """
    content = path.read_bytes()
    if runtime != COMPILED:
        found: RuntimeName = "litert" if runtime == "litert" else "tflite-runtime"
        return InterpreterModel(content, str(path), threads, found)
    codec = InterpreterModel(content, str(path), threads, "litert").codec
    return CompiledModel(content, codec, "cpu", threads)


def main() -> int:
    """Write what the model says of each face, and its seconds for each, to an ``.npz``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("faces", type=Path, help="uint8 [n, 48, 48] as .npy")
    parser.add_argument("out", type=Path)
    parser.add_argument("--runtime", choices=RUNTIMES, required=True)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    faces = np.load(given.faces)
    try:
        model = load(given.model, given.runtime, given.threads)
        for face in faces[:_WARM_UP]:
            model.probabilities(face)
        said, seconds = [], []
        for face in faces:
            start = time.perf_counter()
            said.append(model.probabilities(face))
            seconds.append(time.perf_counter() - start)
    except (EdgeFerError, RuntimeError, OSError) as error:
        return complain(EdgeFerError(str(error)))
    np.savez(given.out, said=np.stack(said), seconds=np.array(seconds))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
