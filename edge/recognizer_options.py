"""How faces are found and read: the options of every command that works on a picture or a clip."""

from collections.abc import Callable
from typing import Any, Final

import click

_OPTIONS: Final = (
    click.option(
        "--detector",
        type=click.Choice(["haar", "dlib"]),
        default="haar",
        show_default=True,
        help="How faces are found.",
    ),
    click.option(
        "--width",
        type=click.IntRange(64, 4096),
        help="Scan frames at this width [the detector's own].",
    ),
    click.option(
        "--model",
        default="fer-edge-votes-int8",
        show_default=True,
        help="A shipped model or a .tflite file.",
    ),
    click.option(
        "--runtime",
        type=click.Choice(["auto", "litert", "tflite-runtime"]),
        default="auto",
        show_default=True,
        help="Whose TFLite.",
    ),
    click.option(
        "--delegate",
        type=click.Choice(["auto", "cpu", "gpu"]),
        default="cpu",
        show_default=True,
        help="What runs the CNN.",
    ),
)


def recognizer_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command all of them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
