"""How often a model is right, how sure it is, and where it fails.

::

    predict ── probabilities [n, 7] ──▶ measures ──▶ text, JSON
                                   └──▶ pictures    calibration: the temperature
"""

import json
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from edge.errors import EdgeFerError
from training.data import DataSet, Samples, Split
from training.duplicates import find_duplicates
from training.evaluate.calibration import TEMPERATURES, fit_temperature
from training.evaluate.measures import Measures, better_order, measure, report_text
from training.evaluate.predict import Probabilities, predict

__all__ = ["assess", "evaluate"]


def evaluate(
    model: Path, data: DataSet, split: Split, flip: bool, out: Path | None, as_json: bool
) -> Measures:
    """Measure the model at `model` on a split, print the figures and draw the pictures.

    Parameters
    ----------
    model
        A ``.keras`` or ``.tflite`` file.
    flip
        Measure the mean over mirror images too.
    out
        Folder for ``confusion.png``, ``reliability.png`` and ``mistakes.png``, or None.
    as_json
        Print one JSON object instead of text.

    Raises
    ------
    EdgeFerError
        If the model cannot be loaded, the data set has no such split, or `out` cannot be written:
        what was measured is printed then.
    """
    measures, probabilities = assess(model, data, split, flip)
    if as_json:
        click.echo(json.dumps({"model": str(model), "split": split, **asdict(measures)}))
    else:
        _print(model, split, measures, probabilities, data[split])
    if out is not None:
        written = _draw(out, f"{model.name} on {split}", data, split, probabilities, measures)
        for path in written if not as_json else ():
            click.echo(f"written: {path}")
    return measures


def _print(
    model: Path, split: Split, measures: Measures, probabilities: Probabilities, samples: Samples
) -> None:
    click.echo(f"{model} on {split}: {measures.accuracy:.2%} of {measures.faces} faces right")
    click.echo(report_text(probabilities, samples.labels))
    click.echo(
        f"calibration error {measures.calibration_error:.3f}, "
        f"{measures.calibrated_error:.3f} with temperature {measures.temperature:.3f}, "
        "fitted on PublicTest"
    )
    if not TEMPERATURES[0] * 1.01 < measures.temperature < TEMPERATURES[1] * 0.99:
        click.echo("no temperature was found that calibrates it: the bound is reported", err=True)
    if measures.unseen_accuracy is not None:
        click.echo(
            f"without the {measures.copies} faces that stand in Training too: "
            f"{measures.unseen_accuracy:.2%}"
        )
    if measures.votes_accuracy is not None:
        click.echo(
            f"FER+: says what most voters say of {measures.votes_accuracy:.2%} of "
            f"{measures.votes_faces} faces"
        )
    if measures.flip_accuracy is not None:
        click.echo(f"with the mirror image of every face: {measures.flip_accuracy:.2%}")
    other = better_order(probabilities, samples.labels)
    if other is not None:
        click.echo(
            f"{other:.2%} with the outputs in another order: convert it with --labels", err=True
        )


def assess(
    model: Path, data: DataSet, split: Split, flip: bool = False
) -> tuple[Measures, Probabilities]:
    """Return the figures of a model on a split, and what it said of each face."""
    samples, public = data[split], data["PublicTest"]
    # In one go: loading a model takes longer than a look at the faces.
    parts = {"split": samples.images}
    if split != "PublicTest":
        parts["public"] = public.images
    if flip:
        parts["flipped"] = samples.images[:, :, ::-1]
    ends = np.cumsum([len(images) for images in parts.values()])[:-1]
    said = np.split(predict(model, np.concatenate(list(parts.values()))), ends)
    found = dict(zip(parts, said, strict=True))
    probabilities, flipped = found["split"], found.get("flipped")
    temperature = None
    if "public" in found:
        temperature = fit_temperature(found["public"], public.labels)
    copied = _copied(data, split)
    return measure(samples, probabilities, temperature, flipped, copied), probabilities


def _copied(data: DataSet, split: Split) -> NDArray[np.bool] | None:
    """Return which faces of a split also stand in Training; None where there is no Training."""
    if "Training" not in data.splits:
        return None
    copied = np.zeros(len(data[split]), np.bool)
    for face, _ in find_duplicates(data).copies(split, "Training"):
        copied[face.place] = True
    return copied


def _draw(
    out: Path, title: str, data: DataSet, split: Split, probabilities: Probabilities,
    measures: Measures,
) -> list[Path]:  # fmt: skip
    from training.evaluate import pictures
    from training.figures import save_png

    samples = data[split]
    figures = {
        "confusion.png": pictures.confusion_figure(measures, title),
        "reliability.png": pictures.reliability_figure(
            probabilities, samples.labels, measures, title
        ),
        "mistakes.png": pictures.mistakes_figure(
            samples, probabilities, f"{title}: the mistakes it was surest of"
        ),
    }
    try:
        for name, figure in figures.items():
            save_png(figure, out / name)
    except OSError as error:
        raise EdgeFerError(f"cannot write to the folder {out}: {error.strerror}") from None
    return [out / name for name in figures]
