"""The commands of ``python -m training``."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from edge.command import CommandGroup
from training.options import TrainingOptions

Command = TypeVar("Command", bound=Callable[..., Any])

_DEFAULTS = TrainingOptions()
_DATA = click.argument("data", type=click.Path(path_type=Path))


def _option(name: str, kind: Any, text: str) -> Callable[[Command], Command]:
    """Make the option of a `TrainingOptions` field, with that field's default."""
    flag = "--" + name.replace("_", "-")
    default = getattr(_DEFAULTS, name)
    return click.option(flag, type=kind, default=default, show_default=True, help=text)


@click.group(cls=CommandGroup)
def main() -> None:
    """Train the CNN on FER-2013 and measure it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@main.command()
@_DATA
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs/deep"),
    show_default=True,
    help="Folder of the run: checkpoints and history.",
)
@click.option("--resume", is_flag=True, help="Go on from the last whole epoch in --out.")
@_option("architecture", str, "Which network.")
@_option("epochs", click.IntRange(1), "Passes over the Training split.")
@_option("batch_size", click.IntRange(2), "Faces a step.")
@_option("learning_rate", click.FloatRange(0, min_open=True), "Peak of the one-cycle schedule.")
@_option("warmup", click.FloatRange(0, 1), "Fraction of all steps until the peak.")
@_option("momentum", click.FloatRange(0, 1), "Nesterov momentum.")
@_option("weight_decay", click.FloatRange(0), "Decoupled weight decay of kernels.")
@_option("label_smoothing", click.FloatRange(0, 1), "Mass given to the other six labels.")
@_option("dropout", click.FloatRange(0, 1), "Rate after every block.")
@_option("seed", click.IntRange(0), "Seed of weights, order, augmentation and dropout.")
@_option(
    "precision",
    click.Choice(["float32", "mixed_bfloat16", "mixed_float16"]),
    "Keras dtype policy; mixed_bfloat16 is quicker where the CPU or GPU has it.",
)
def train(data: Path, out: Path, resume: bool, **options: Any) -> None:
    """Train on DATA, which is fer2013.csv or fer2013.csv.gz."""
    from training.data import read_fer2013
    from training.train import train as run

    run(read_fer2013(data), out, TrainingOptions(**options), resume)


@main.command()
@click.argument("model", type=click.Path(path_type=Path))
@_DATA
@click.option(
    "--split",
    type=click.Choice(["PublicTest", "PrivateTest"]),
    default="PublicTest",
    show_default=True,
    help="Choose models on PublicTest; run PrivateTest once.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def evaluate(model: Path, data: Path, split: Any, as_json: bool) -> None:
    """Measure MODEL, a .keras or .tflite file, on a split of DATA, one crop a face."""
    from training.data import read_fer2013
    from training.evaluate import evaluate as measure

    result = measure(model, read_fer2013(data)[split])
    if as_json:
        click.echo(json.dumps({"model": str(model), "split": split, **asdict(result)}))
        return
    click.echo(f"{model} on {split}: {result.accuracy:.2%} of {result.faces} faces right")
    for emotion, recall in result.recalls.items():
        click.echo(f"  {emotion:<9}{recall:7.1%}")
