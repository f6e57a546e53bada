"""The commands of ``python -m training``."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.command import CommandGroup
from edge.emotions import EMOTIONS
from edge.errors import EdgeFerError
from edge.memory import keep_freed_memory
from training.recipe import names, read_recipe

if TYPE_CHECKING:  # Keras takes seconds to import
    from training.heads import Answer

_BACKENDS = ("tensorflow", "jax", "torch")
"""Those that Keras can train with."""

_PATH = click.Path(path_type=Path)
_DATA = click.argument("data", type=_PATH)
_VOTES = click.option("--votes", type=_PATH, help="FER+ votes: fer2013new.csv.")


@click.group(cls=CommandGroup)
def main() -> None:
    """Train the CNN on FER-2013, measure it and look into it.

    DATA is fer2013.csv or icml_face_data.csv, plain or gzipped, or a folder of images
    (train/happy/*.jpg, test/...).
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # TensorFlow takes oneDNN by itself only where the CPU has AVX-512 or better; with plain AVX2
    # it makes a training step of the deep CNN 1.7 times as quick.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    _check_backend(os.environ.get("KERAS_BACKEND", ""))


def _check_backend(name: str) -> None:
    if not name:
        return
    if name not in _BACKENDS:
        raise EdgeFerError(f"KERAS_BACKEND is {name}: choose one of {', '.join(_BACKENDS)}")
    if find_spec(name) is None:
        raise EdgeFerError(f"KERAS_BACKEND is {name}, which is not installed: pip install {name}")


def _read(path: Path, votes: Path | None) -> Any:
    from training.read import read_data

    data = read_data(path, votes)
    for fault in data.left_out:
        click.echo(f"left out: {path}, {fault}", err=True)
    return data


@main.command()
@_DATA
@_VOTES
@click.option(
    "--out", type=_PATH, default=Path("exploration"), show_default=True,
    help="Folder for the pictures and the page.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
def explore(data: Path, votes: Path | None, out: Path, as_json: bool) -> None:
    """Look at DATA: counts, samples, mean faces, duplicates, and how far FER+ disagrees."""
    from training.explore import explore as run

    run(_read(data, votes), out, as_json)


@main.command()
@_DATA
@_VOTES
@click.option("--out", type=_PATH, help="Folder of the run. [default: runs/ARCHITECTURE-RECIPE]")
@click.option("--resume", is_flag=True, help="Go on from the last whole epoch in --out.")
@click.option(
    "--architecture", type=click.Choice(["shallow", "deep", "edge", "light", "wide"]),
    default="edge", show_default=True, help="Which network.",
)  # fmt: skip
@click.option(
    "--recipe", default="best", show_default=True,
    help=f"How: one of {', '.join(names())}, or the path of a .yaml file like theirs.",
)  # fmt: skip
@click.option("--epochs", type=click.IntRange(1), help="Instead of the recipe's.")
@click.option("--batch-size", type=click.IntRange(2), help="Instead of the recipe's.")
@click.option(
    "--learning-rate", type=click.FloatRange(0, min_open=True), help="Instead of the recipe's."
)
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True,
    help="Of weights, order, augmentation and dropout.",
)  # fmt: skip
@click.option(
    "--precision", type=click.Choice(["float32", "mixed_bfloat16", "mixed_float16"]),
    default="float32", show_default=True,
    help="Keras dtype policy; mixed_bfloat16 is quicker where the CPU or GPU has it.",
)  # fmt: skip
@click.option(
    "--teacher", "teachers", type=_PATH, multiple=True,
    help="A trained .keras file to learn from, once or more, for a recipe with teaching.",
)  # fmt: skip
@click.option("--start", type=_PATH, help="A trained .keras file to begin with, a last.keras say.")
def train(
    data: Path, votes: Path | None, out: Path | None, resume: bool, recipe: str, **options: Any
) -> None:
    """Train on DATA; the checkpoint with the best PublicTest accuracy is kept."""
    changes = {name: options.pop(name) for name in ("epochs", "batch_size", "learning_rate")}
    chosen = read_recipe(recipe, **changes)
    from training.train import Run
    from training.train import train as run

    wanted = Run(recipe=chosen, recipe_name=Path(recipe).stem, **options)
    folder = out or Path("runs") / f"{wanted.architecture}-{wanted.recipe_name}"
    keep_freed_memory()
    run(_read(data, votes), folder, wanted, resume)


@main.command()
@click.argument("run", type=_PATH)
@_DATA
@click.option(
    "--answer", type=click.Choice(["labels", "votes", "both"]), default="labels",
    show_default=True, help="Of which output, where RUN learned FER+ votes; the mean of both.",
)  # fmt: skip
@click.option("--out", type=_PATH, required=True, help="The .keras file to write.")
def finish(run: Path, data: Path, answer: "Answer", out: Path) -> None:
    """Make the network to ship from the last epoch of RUN, its statistics settled on DATA."""
    from training.finish import finish as make

    make(run, _read(data, None), answer, out)


@main.command()
@click.argument("model", type=_PATH)
@_DATA
@_VOTES
@click.option(
    "--split", type=click.Choice(["PublicTest", "PrivateTest"]), default="PublicTest",
    show_default=True, help="Choose models on PublicTest; run PrivateTest once.",
)  # fmt: skip
@click.option("--flip", is_flag=True, help="Report the mean over a face and its mirror image too.")
@click.option("--out", type=_PATH, help="Folder for confusion, reliability and mistakes as PNG.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def evaluate(
    model: Path, data: Path, votes: Path | None, split: Any, flip: bool, out: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Measure MODEL, a .keras or .tflite file, on a split of DATA, one crop a face."""
    from training.evaluate import evaluate as run

    run(model, _read(data, votes), split, flip, out, as_json)


@main.command()
@click.argument("model", type=_PATH)
@click.argument("source", type=_PATH, nargs=-1, required=True)
@click.option("--out", type=_PATH, default=Path("gradcam.png"), show_default=True, help="The PNG.")
@click.option(
    "--emotion", type=click.Choice(["predicted", *EMOTIONS]), default="predicted",
    show_default=True, help="Whose evidence to show.",
)  # fmt: skip
@click.option(
    "--layer", help="Which layer's maps. [default: the last convolution with maps of 12x12]"
)
@click.option(
    "--split", type=click.Choice(["Training", "PublicTest", "PrivateTest"]),
    default="PublicTest", show_default=True, help="Of a data set.",
)  # fmt: skip
@click.option(
    "--per-class", type=click.IntRange(1, 20), default=4, show_default=True,
    help="Faces of a data set: so many that are right and so many mistakes for each emotion.",
)  # fmt: skip
@click.option(
    "--detector", type=click.Choice(["haar", "dlib", "none"]), default="haar", show_default=True,
    help="Finds the faces of a photo; none takes the whole image as a face.",
)  # fmt: skip
def gradcam(model: Path, source: tuple[Path, ...], **options: Any) -> None:
    """Show which part of a face speaks for an emotion, for MODEL, a .keras file.

    SOURCE is images or photos, or a data set as the other commands take it.
    """
    from training.gradcam import gradcam as run

    run(model, source, **options)


@main.command()
@_DATA
@click.option("--votes", type=_PATH, required=True, help="FER+ votes: fer2013new.csv.")
@click.option(
    "--out", type=_PATH, default=Path("docs/model-card.md"), show_default=True,
    help="The Markdown file; its pictures go into a folder beside it.",
)  # fmt: skip
@click.option(
    "--default", default="fer-edge-votes", show_default=True, help="Which one the daemon runs."
)
def card(data: Path, votes: Path, out: Path, default: str) -> None:
    """Measure the networks that ship and write their model card."""
    from training.card import write_card

    write_card(_read(data, votes), out, default)
