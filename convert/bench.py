"""Every model on every runtime: size, milliseconds a face, accuracy, agreement with Keras."""

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import click
import numpy as np
from rich.box import SIMPLE
from rich.console import Console, JustifyMethod
from rich.progress import track
from rich.table import Table

from convert.measure import COMPILED
from edge.classify.model import read_model
from edge.errors import EdgeFerError
from training.data import Samples, as_input
from training.evaluate.measures import accuracy
from training.evaluate.predict import Probabilities
from training.network import load_network
from training.read import read_data

_TIMEOUT_SECONDS: Final = 1800
_WIDTH: Final = 120
_COLUMNS: Final = (
    "model", "MB", "runtime", "threads", "median ms", "p95 ms", "PublicTest", "as Keras",
    "as the first",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A model on a runtime with a number of threads.

    Attributes
    ----------
    megabytes
        Of the file.
    median_ms, p95_ms
        Time a face, over all faces.
    accuracy
        On PublicTest, 0..1.
    keras, first
        Share of faces of which it names the same emotion as the Keras model, None where none was
        given, and as the first line of the table that has an answer.
    fault
        Why it does not run; the figures are None then.
    """

    model: str
    quantization: str
    megabytes: float
    runtime: str
    threads: int
    median_ms: float | None = None
    p95_ms: float | None = None
    accuracy: float | None = None
    keras: float | None = None
    first: float | None = None
    fault: str | None = None


def run(
    models: tuple[Path, ...],
    data: Path,
    reference: Path | None,
    threads: tuple[int, ...],
    python: Path | None,
    as_json: bool,
) -> None:
    """Measure and print.

    Raises
    ------
    EdgeFerError
        If a model, the data or the Keras model cannot be read, or none of the models runs.
    """
    samples = read_data(data)["PublicTest"]
    described = {path: read_model(path)[1] for path in models}
    wanted = None
    if reference is not None:
        said = load_network(reference).predict(as_input(samples.images), batch_size=256, verbose=0)
        wanted = np.asarray(said).argmax(axis=1)
    runtimes = [("litert", sys.executable), (COMPILED, sys.executable)]
    if python is not None:
        runtimes.append(("tflite-runtime", str(python)))
    lines: list[Line] = []
    first = None
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as folder:
        faces = Path(folder) / "faces.npy"
        np.save(faces, samples.images)
        cases = [(p, r, t) for p in models for r in runtimes for t in threads]
        for path, (runtime, executable), count in track(
            cases, "models", console=console, transient=True, disable=not console.is_terminal
        ):
            description = described[path]
            line = Line(
                description.name, description.quantization, description.bytes / 1e6, runtime, count
            )
            out = Path(folder) / "said.npz"
            command = [
                executable, "-m", "convert.measure", str(path.resolve()), str(faces), str(out),
                "--runtime", runtime, "--threads", str(count),
            ]  # fmt: skip
            fault = _start(command)
            if fault:
                lines.append(_with(line, fault=fault))
                continue
            with np.load(out) as measured:
                said, seconds = measured["said"], measured["seconds"]
            first = said.argmax(axis=1) if first is None else first
            lines.append(_measured(line, said, seconds, samples, wanted, first))
    if as_json:
        click.echo(json.dumps([asdict(line) for line in lines]))
    else:
        _print(lines)
    if all(line.fault for line in lines):
        raise EdgeFerError("none of the models runs on any of the runtimes")


def _start(command: list[str]) -> str:
    """Run a measurement; return why it failed, or nothing."""
    try:
        done = subprocess.run(  # noqa: S603 - our own module, by a Python that the user named
            command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no end within {_TIMEOUT_SECONDS} s"
    if done.returncode == 0:
        return ""
    said = done.stderr.strip().splitlines()
    return said[-1].removeprefix("error: ") if said else f"exit code {done.returncode}"


def _with(line: Line, **figures: float | str | None) -> Line:
    return Line(**{**asdict(line), **figures})


def _measured(
    line: Line,
    said: Probabilities,
    seconds: np.ndarray,
    samples: Samples,
    wanted: np.ndarray | None,
    first: np.ndarray,
) -> Line:
    named = said.argmax(axis=1)
    return _with(
        line,
        median_ms=float(np.median(seconds)) * 1000,
        p95_ms=float(np.percentile(seconds, 95)) * 1000,
        accuracy=accuracy(said, samples.labels),
        keras=None if wanted is None else float((named == wanted).mean()),
        first=float((named == first).mean()),
    )


def _print(lines: list[Line]) -> None:
    """Print a table that nothing is cut off from, however narrow the terminal is."""
    table = Table(box=SIMPLE)
    for name in _COLUMNS:
        side: JustifyMethod = "left" if name in ("model", "runtime") else "right"
        table.add_column(name, justify=side, no_wrap=True)
    for line in lines:
        table.add_row(
            line.model, f"{line.megabytes:.2f}", line.runtime, str(line.threads),
            *(["-"] if line.fault else _figures(line)),
        )  # fmt: skip
    console = Console()
    console.width = max(console.width, _WIDTH)
    console.print(table)
    for line in lines:
        if line.fault:
            click.echo(f"{line.model} on {line.runtime}, {line.threads} threads: {line.fault}")


def _figures(line: Line) -> tuple[str, ...]:
    rates = (line.accuracy, line.keras, line.first)
    times = (line.median_ms, line.p95_ms)
    return (
        *("" if value is None else f"{value:.3f}" for value in times),
        *("" if rate is None else f"{rate:.2%}" for rate in rates),
    )
