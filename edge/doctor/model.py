"""Whether the models are whole, and what they would run on here."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge.classify import load_classifier
from edge.classify.model import find_model, read_model
from edge.classify.timing import milliseconds
from edge.config import ClassifyConfig, Config
from edge.doctor.finding import Check, Finding, good, warning

_SECONDS: Final = 90.0
"""A GPU may be tried for a minute, and the detectors have their turn before;"""

_GPU_SECONDS: Final = 320.0
"""and for five, where one was asked for and is a program on the CPU."""

_SLOW_MS: Final = 40.0
"""Milliseconds a face that keep a camera of 25 frames a second busy."""

_LIGHTEST: Final = "fer-light-int8"
"""The model for such a box."""


def checks(config: Config | None) -> Iterator[Check]:
    """Give what to look at: each way of reading emotions once, whichever cameras share it."""
    ways: dict[str, tuple[ClassifyConfig, list[str]]] = {}
    cameras = {} if config is None else config.cameras
    for name, camera in cameras.items():
        key = camera.classify.model_dump_json()
        ways.setdefault(key, (camera.classify, []))[1].append(name)
    folder = Path() if config is None else config.folder
    chosen = list(ways.values()) or [(ClassifyConfig(), [])]

    def look(stop: threading.Event) -> Iterator[Finding]:
        # One after the other: they are timed.
        for classify, names in chosen:
            yield from _look(classify, folder, names, stop)

    seconds = sum(_GPU_SECONDS if c.delegate == "gpu" else _SECONDS for c, _ in chosen)
    advice = "choose a shipped model with classify.model, or install edge-fer anew"
    yield Check("model", look, seconds, advice, timed=True)


def _look(
    config: ClassifyConfig, folder: Path, names: list[str], stop: threading.Event
) -> Iterator[Finding]:
    path = find_model(config.model, folder)
    _, description = read_model(path)
    yield good(f"{path}: whole, SHA-256 {description.sha256[:12]}... as its JSON says")
    classifier = load_classifier(config, folder, stop=stop)
    face = description.golden[0].face
    time = milliseconds(lambda: classifier.read_face(face))  # before: a delegate may fail in it
    engine = classifier.engine
    figures = {
        "cameras": names,
        "model": description.name,
        "quantization": description.quantization,
        "runtime": engine.runtime,
        "delegate": engine.delegate,
        "adapter": engine.adapter,
        "reason": engine.reason,
        "ms_a_face": round(time, 3),
    }
    of = f" for {', '.join(names)}" if names else ""
    told = f"{description.name}{of} runs on {engine}; {time:.2f} ms a face"
    if engine.disappoints:
        yield warning(told, "set classify.delegate to auto or cpu if that is enough", **figures)
    elif time > _SLOW_MS:
        quicker = "" if description.name == _LIGHTEST else f", or classify.model to {_LIGHTEST}"
        yield warning(told, f"set capture.fps{quicker}", **figures)
    else:
        yield good(told, **figures)
