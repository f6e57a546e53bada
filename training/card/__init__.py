"""The model card of the networks that ship, written from what is measured while it is made.

::

    training/models/<name>/   network.keras, run.json, history.csv: what training left; of what
                              does not ship measured.json in place of the network
    edge/models/<name>-int8   the file that the camera box runs
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import jinja2
import yaml

from edge.classify.model import SHIPPED_MODELS
from edge.emotions import EMOTIONS, Emotion
from edge.errors import EdgeFerError
from edge.whole_file import whole_file
from training.checkpoint import read_history
from training.curves import HistoryRow, curves_figure
from training.data import SPLITS, DataSet, Split
from training.duplicates import find_duplicates
from training.evaluate import assess
from training.evaluate.measures import Measures
from training.evaluate.pictures import confusion_figure, reliability_figure
from training.figures import save_png

SHIPPED_NETWORKS: Final = Path(__file__).parent.parent / "models"

_TESTED: Final[tuple[Split, Split]] = ("PublicTest", "PrivateTest")


@dataclass(frozen=True)
class Release:
    """A network that ships, what its training took, and what was measured of both its files.

    `network` and `lite` hold the measures of the Keras and of the int8 file by split.
    """

    name: str
    options: dict[str, Any]
    history: list[HistoryRow]
    network: dict[Split, Measures]
    lite: dict[Split, Measures]
    bytes: int

    @property
    def hours(self) -> float:
        """How long training took."""
        return sum(row["seconds"] for row in self.history) / 3600

    @property
    def machine(self) -> str:
        """What it was trained on."""
        return str(self.options["machine"])

    @property
    def commands(self) -> list[str]:
        """What was run to train it, teachers first."""
        return list(self.options["commands"])

    @property
    def recipe(self) -> str:
        """Every choice of the run, as YAML."""
        options = {k: v for k, v in self.options.items() if k not in ("machine", "commands")}
        return str(yaml.safe_dump(options, sort_keys=False, default_flow_style=False))

    @property
    def weakest(self) -> list[Emotion]:
        """The emotions by recall, the worst first."""
        found = self.lite["PrivateTest"].emotions
        return sorted(found, key=lambda emotion: found[emotion]["recall"])

    @property
    def confusions(self) -> list[tuple[str, str, float]]:
        """The five most frequent mistakes: label, what was said, share of the label's faces."""
        rows = self.lite["PrivateTest"].confusion
        shares: list[tuple[str, str, float]] = [
            (EMOTIONS[label], EMOTIONS[said], count / max(1, sum(counts)))
            for label, counts in enumerate(rows)
            for said, count in enumerate(counts)
            if label != said
        ]
        return sorted(shares, key=lambda mistake: -mistake[2])[:5]


@dataclass(frozen=True)
class Other:
    """A network that does not ship: what its training took, and what ``evaluate`` said of it."""

    name: str
    architecture: str
    recipe: str
    machine: str
    commands: list[str]
    epochs: int
    hours: float
    measures: dict[str, Any]


def write_card(data: DataSet, out: Path, default: str) -> None:
    """Measure every network that ships and write the card with its pictures.

    Parameters
    ----------
    data
        FER-2013 with FER+ votes.
    out
        The Markdown file; its pictures go into a folder of the same name beside it.
    default
        Name of the network that the daemon runs unless told otherwise.

    Raises
    ------
    EdgeFerError
        If there is no such network, or one of its files is missing.
    """
    if out.suffix != ".md":
        raise EdgeFerError(f"{out} is no .md file: the card is Markdown, with pictures beside it")
    folders = sorted(path.parent for path in SHIPPED_NETWORKS.glob("*/network.keras"))
    if default not in [folder.name for folder in folders]:
        known = ", ".join(folder.name for folder in folders) or "none"
        raise EdgeFerError(f"no network {default} in {SHIPPED_NETWORKS}: there is {known}")
    pictures = out.with_suffix("")
    releases = [_measure(folder, data, pictures) for folder in folders]
    releases.sort(key=lambda release: release.name != default)
    found = find_duplicates(data)
    environment = jinja2.Environment(  # noqa: S701 - Markdown, from our own figures
        loader=jinja2.PackageLoader("training.card"), trim_blocks=True, lstrip_blocks=True
    )
    text = environment.get_template("card.md").render(
        releases=releases,
        default=releases[0],
        others=[
            _read_other(path.parent) for path in sorted(SHIPPED_NETWORKS.glob("*/measured.json"))
        ],
        counts={split: len(data[split]) for split in SPLITS},
        copies={split: len(found.copies(split, "Training")) for split in _TESTED},
        pictures=pictures.name,
        emotions=EMOTIONS,
    )
    with whole_file(out) as path:
        path.write_text(text, encoding="utf-8")
    click.echo(f"written: {out}")


def _read_other(folder: Path) -> Other:
    try:
        options = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        measures = json.loads((folder / "measured.json").read_text(encoding="utf-8"))
        history = read_history(folder / "history.csv")
    except (OSError, ValueError) as error:
        raise EdgeFerError(f"cannot read what belongs to {folder.name}: {error}") from None
    hours = sum(row["seconds"] for row in history) / 3600
    return Other(
        folder.name, options["architecture"], options["recipe"], options["machine"],
        options["commands"], len(history), hours, measures,
    )  # fmt: skip


def _measure(folder: Path, data: DataSet, pictures: Path) -> Release:
    name = folder.name
    tflite = SHIPPED_MODELS / f"{name}-int8.tflite"
    try:
        options = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        history = read_history(folder / "history.csv")
        size = tflite.stat().st_size
    except (OSError, ValueError) as error:
        raise EdgeFerError(f"cannot read what belongs to {name}: {error}") from None
    network, lite = {}, {}
    for split in _TESTED:
        click.echo(f"{name}: {split}", err=True)
        network[split], _ = assess(folder / "network.keras", data, split)
        lite[split], said = assess(tflite, data, split)
    title = f"{tflite.stem} on PrivateTest"
    labels = data["PrivateTest"].labels
    measures = lite["PrivateTest"]
    save_png(curves_figure(history), pictures / f"{name}-curves.png")
    save_png(confusion_figure(measures, title), pictures / f"{name}-confusion.png")
    save_png(
        reliability_figure(said, labels, measures, title), pictures / f"{name}-reliability.png"
    )
    return Release(name, options, history, network, lite, size)
