"""``edge-fer doctor``: what the daemon would run on this box, and how fast."""

import json
from typing import Any

import click

from edge.classify import load_classifier
from edge.classify.timing import milliseconds
from edge.config import Config
from edge.errors import EdgeFerError


def examine(config: Config, as_json: bool) -> None:
    """Print for every camera which model it uses, on what, why, and the time it takes a face.

    Raises
    ------
    ConfigError
        If there is no such model.
    ModelError
        If a model, its runtime or its delegate cannot be used.
    """
    found = {name: _camera(name, config) for name in config.cameras}
    if as_json:
        click.echo(json.dumps({"node": config.node, "cameras": found}))
        return
    for name, figures in found.items():
        click.echo(f"camera {name}")
        for key, value in figures.items():
            click.echo(f"  {key.replace('_', ' '):<12} {value}")


def _camera(name: str, config: Config) -> dict[str, Any]:
    try:
        classifier = load_classifier(config.cameras[name].classify, config.folder)
    except EdgeFerError as error:
        raise type(error)(f"camera {name}: {error}") from None
    face = classifier.description.golden[0].face
    time = milliseconds(lambda: classifier.read_face(face))  # before: a delegate may fail in it
    engine, description = classifier.engine, classifier.description
    return {
        "model": description.name,
        "quantization": description.quantization,
        "runtime": engine.runtime,
        "delegate": engine.delegate,
        "adapter": engine.adapter,
        "reason": engine.reason,
        "ms_a_face": round(time, 3),
    }
