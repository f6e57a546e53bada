"""What a conversion did to the answers, as tables on the terminal."""

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from convert.convert import Comparison, Converted
from edge.emotions import EMOTIONS
from training.evaluate.measures import accuracy


def show(done: Converted) -> None:
    """Print where the model is, and for every split what became of each emotion."""
    console = Console()
    console.print(
        f"{done.path}: {done.description.bytes / 1e6:.2f} MB, {done.description.quantization}",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    for comparison in done.comparisons:
        console.print(_table(comparison, done.description.quantization))


def _table(comparison: Comparison, quantization: str) -> Table:
    labels = comparison.samples.labels
    table = Table(
        "", "faces", "Keras", quantization, "change",
        title=f"{comparison.split}: right, of the faces of each emotion; the same emotion as "
        f"Keras for {comparison.agreement:.2%}",
        title_justify="left",
    )  # fmt: skip
    for column in table.columns[1:]:
        column.justify = "right"
    for index, emotion in enumerate(EMOTIONS):
        here = labels == index
        if here.any():
            _row(table, emotion, comparison, here)
    table.add_section()
    _row(table, "all", comparison, np.ones(len(labels), bool))
    return table


def _row(table: Table, name: str, comparison: Comparison, here: NDArray[np.bool_]) -> None:
    labels = comparison.samples.labels[here]
    before = accuracy(comparison.keras[here], labels)
    after = accuracy(comparison.tflite[here], labels)
    table.add_row(
        name, f"{here.sum():,}", f"{before:.2%}", f"{after:.2%}", f"{100 * (after - before):+.2f}"
    )
