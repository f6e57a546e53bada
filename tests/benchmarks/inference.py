"""One inference: the int8 model through our classifier, against Keras' ``predict``.

``python -m tests.benchmarks.inference``: one face, one thread, the same network, in one
process.
"""

import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import click
import cv2
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

import training
from edge.capture.factory import DEMO_CLIP
from edge.classify import load_classifier
from edge.config import ClassifyConfig, DetectConfig
from edge.detect import make_finder
from edge.face_image import face_image
from training.network import load_network

FACE_SECOND = 8.0
"""Where in the demo clip a face is large, frontal and well lit."""

KERAS = "Keras predict"

NETWORKS = Path(training.__file__).parent / "models"

Ways = dict[str, Callable[[], object]]


def milliseconds(work: Callable[[], object], seconds: float) -> float:
    """Return the median of as many runs as fit."""
    for _ in range(5):
        work()
    times = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        work()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def shipped_models() -> list[str]:
    """Return the names of those whose Keras network is here too."""
    return [f"{path.parent.name}-int8" for path in sorted(NETWORKS.glob("*/network.keras"))]


def ways(model: str) -> Ways:
    """Return what is compared, by name; Keras comes last."""
    classifier = load_classifier(ClassifyConfig(model=model, delegate="cpu", threads=1))
    keras = load_network(NETWORKS / model.removesuffix("-int8") / "network.keras")
    video = cv2.VideoCapture(str(DEMO_CLIP))
    video.set(cv2.CAP_PROP_POS_MSEC, FACE_SECOND * 1000)
    _, read = video.read()
    frame = np.asarray(read, np.uint8)
    faces = make_finder(DetectConfig()).find(frame)[:1]
    face = face_image(frame, faces[0].region)
    batch = (face / np.float32(255))[None, :, :, None]
    ours, theirs = classifier.read_face(face), keras.predict(batch, verbose=0)[0]
    # A comparison of two networks that differ would be none; temperature changes no order.
    assert int(np.argmax(ours)) == int(np.argmax(theirs))
    return {
        "engine": lambda: classifier.read_face(face),
        "crop and engine": lambda: classifier.read(frame, faces),
        KERAS: lambda: keras.predict(batch, verbose=0),
    }


@click.command()
@click.option("--model", "models", multiple=True, help="One that ships; all of them by default.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--seconds", default=3.0, show_default=True, help="Of each way in a round.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(models: tuple[str, ...], rounds: int, seconds: float, as_json: bool) -> None:
    """Measure, and print a table."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    compared = {model: ways(model) for model in models or shipped_models()}
    times: dict[str, list[dict[str, float]]] = {model: [] for model in compared}
    for _ in range(rounds):
        for model, works in compared.items():
            taken = {name: milliseconds(work, seconds) for name, work in works.items()}
            times[model].append(taken)
    if as_json:
        click.echo(json.dumps(times))
        return
    table = Table("", "ms, median", "range", f"{KERAS} over it", "range")
    for model, rows in times.items():
        table.add_section()
        table.add_row(f"[bold]{model}")
        for name in compared[model]:
            ratios = [] if name == KERAS else [row[KERAS] / row[name] for row in rows]
            table.add_row(name, *_cells([row[name] for row in rows], 2), *_cells(ratios, 1))
    Console().print(table)


def _cells(values: list[float], digits: int) -> tuple[str, ...]:
    if not values:
        return ()
    ends = f"{min(values):.{digits}f} to {max(values):.{digits}f}"
    return f"{statistics.median(values):.{digits}f}", ends


if __name__ == "__main__":
    main()
