"""Loss and accuracy over the epochs, as a picture that is drawn anew after each of them."""

from collections.abc import Sequence
from typing import Final

from matplotlib.figure import Figure

HistoryRow = dict[str, float]
"""What one epoch gave, by the names of the columns of ``history.csv``."""

COLUMNS: Final = (
    "epoch", "steps", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds",
    "iterations",
)  # fmt: skip
"""Of ``history.csv``. `iterations` counts the optimizer's steps since the start, which are fewer
than the batches where a gradient in 16 bits was no number."""


def curves_figure(history: Sequence[HistoryRow]) -> Figure:
    """Draw loss and accuracy on Training and PublicTest, and the learning rate."""
    epochs = [row["epoch"] for row in history]
    best = max(history, key=lambda row: row["val_accuracy"])
    figure = Figure((9, 4), layout="constrained")
    for ax, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        ax.plot(epochs, [row[name] for row in history], ".-", label="Training, augmented")
        ax.plot(epochs, [row[f"val_{name}"] for row in history], ".-", label="PublicTest")
        ax.set_xlabel("epoch")
        ax.set_ylabel(name)
        ax.grid(alpha=0.3)
        rates = ax.twinx()
        rates.plot(
            epochs, [row["learning_rate"] for row in history], ":", color="gray",
            label="learning rate", linewidth=1,
        )  # fmt: skip
        rates.set_yticks([])
        ax.axvline(best["epoch"], color="tab:green", linewidth=1, alpha=0.6)
        if name == "loss":
            # One wild epoch must not flatten all others.
            losses = sorted(row["val_loss"] for row in history)
            highest = max(*(row["loss"] for row in history), losses[len(losses) // 2])
            ax.set_ylim(0, 1.3 * highest)
    lines = [line for a in (ax, rates) for line in a.get_lines()[:2]]
    lines = [line for line in lines if not str(line.get_label()).startswith("_")]
    figure.legend(lines, [line.get_label() for line in lines], loc="outside lower center", ncols=3)
    figure.suptitle(
        f"epoch {epochs[-1]:.0f}; best so far {best['val_accuracy']:.2%} of PublicTest "
        f"in epoch {best['epoch']:.0f} (green line)",
        fontsize=10,
    )
    return figure
