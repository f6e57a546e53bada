"""The command ``python -m convert``."""

import os
from pathlib import Path
from typing import Any

import click

from edge.command import CommandGroup


@click.group(cls=CommandGroup)
def main() -> None:
    """Make the TFLite model that the camera box runs."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@main.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("edge/models"),
    show_default=True,
    help="Folder for both files.",
)
@click.option(
    "--release", is_flag=True, help="Measure PrivateTest too: once, for a model that ships."
)
@click.option("--name", help="Of both files. [default: fer-ARCHITECTURE-int8]")
def int8(model: Path, data: Path, out: Path, release: bool, name: str | None) -> None:
    """Convert the .keras file MODEL to full-integer int8, calibrated and checked on DATA."""
    from convert.convert import convert
    from training.read import read_data

    splits: tuple[Any, ...] = ("PublicTest", "PrivateTest") if release else ("PublicTest",)
    done = convert(model, read_data(data), out, splits, name)
    click.echo(f"{done.path}: {done.description.bytes / 1e6:.2f} MB")
    for c in done.comparisons:
        click.echo(
            f"{c.split}: int8 {c.tflite:.2%}, Keras {c.keras:.2%}, "
            f"the same emotion for {c.agreement:.2%} of faces"
        )


@main.command()
@click.argument("model", type=click.Path(path_type=Path))
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
