"""The commands of ``python -m convert``."""

import os
from pathlib import Path
from typing import Any, get_args

import click

from edge.classify.model import Quantization
from edge.command import CommandGroup

_PATH = click.Path(path_type=Path)
_HELP = {
    "int8": "full-integer int8: the smallest and, on a CPU, the fastest",
    "dynamic": "weights in int8, activations quantized while it runs",
    "float16": "weights in 16 bits: half the size, for GPUs",
    "float32": "a .tflite with nothing quantized",
}


@click.group(cls=CommandGroup)
def main() -> None:
    """Make the TFLite model that the camera box runs, and measure it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # The converter is TensorFlow's own, whatever backend Keras was told to train on.
    os.environ["KERAS_BACKEND"] = "tensorflow"


def _add(quantization: Quantization) -> None:
    def command(
        model: Path,
        data: Path,
        out: Path,
        release: bool,
        name: str | None,
        calibration: int,
        **source: Any,
    ) -> None:
        from convert.convert import convert
        from convert.report import show
        from convert.source import load_source
        from training.read import read_data

        splits: tuple[Any, ...] = ("PublicTest", "PrivateTest") if release else ("PublicTest",)
        network = load_source(model, **source)
        read = read_data(data)
        for fault in read.left_out:
            click.echo(f"left out: {data}, {fault}", err=True)
        show(convert(network, read, out, quantization, splits, name, calibration))

    options = (
        click.argument("model", type=_PATH),
        click.argument("data", type=_PATH),
        click.option(
            "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("models"),
            show_default=True, help="Folder for the .tflite and the .json that describes it.",
        ),
        click.option(
            "--release", is_flag=True,
            help="Measure PrivateTest too: once, for a model that ships.",
        ),
        click.option(
            "--name", help=f"Of both files. [default: fer-ARCHITECTURE-{quantization}]"
        ),
        click.option(
            "--calibration", type=click.IntRange(7), default=2100, show_default=True,
            help="Training faces that set the ranges of int8, as many of each emotion.",
        ),
        click.option(
            "--weights", type=_PATH,
            help="Of a model.json. [default: model.weights.h5 or model_weights.h5 beside it]",
        ),
        click.option(
            "--scale", type=click.FloatRange(min=0, min_open=True),
            help="Of a model.json that was trained on grey values 0..255 times this, 1 say.",
        ),
        click.option(
            "--labels", type=click.Choice(["fer2013", "alphabetical"]),
            help="Order of the outputs. [default: fer2013, for Keras 2 alphabetical]",
        ),
    )  # fmt: skip
    command.__doc__ = f"""Convert MODEL to {_HELP[quantization]}.

    MODEL is a .keras file, or a model.json with its weights. DATA is FER-2013: it sets the
    ranges, and the result is measured on it; a model that loses more than 0.3 points of accuracy
    is not written.
    """
    for option in reversed(options):
        command = option(command)
    main.command(quantization)(command)


for _quantization in get_args(Quantization):
    _add(_quantization)


@main.command()
@click.argument("model", type=_PATH)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The .keras file to write.",
)
def half(model: Path, out: Path) -> None:
    """Keep the weights of the .keras file MODEL in 16 bits: half the size, and as good."""
    from convert.half import to_half

    click.echo(f"{out}: {to_half(model, out) / 1e6:.2f} MB")


@main.command()
@click.argument("models", nargs=-1, required=True, type=_PATH)
@click.option("--data", type=_PATH, required=True, help="FER-2013; its PublicTest is measured.")
@click.option("--keras", "reference", type=_PATH, help="The .keras file to agree with.")
@click.option(
    "--threads", type=click.IntRange(1, 64), multiple=True, default=(1, 2), show_default=True,
    help="CPU threads; give it several times for several.",
)  # fmt: skip
@click.option(
    "--python", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The python of an environment with edge-fer[tflite-runtime], to measure that as well.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="A JSON array instead of a table.")
def bench(**options: Any) -> None:
    """Compare .tflite MODELS on every runtime: size, time a face, accuracy, agreement."""
    from convert.bench import run

    run(**options)
