"""Pictures with Matplotlib, drawn without a screen and written whole or not at all."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from edge.emotions import EMOTIONS
from edge.whole_file import whole_file

DPI: Final = 120

_LABELS_IN_WHITE: Final = 0.55
"""Share of the darkest cell from which on its number is white."""


@dataclass(frozen=True)
class Tile:
    """A picture with a line below it.

    Attributes
    ----------
    image
        uint8, grey ``[h, w]`` or RGB ``[h, w, 3]``.
    caption
        What stands below; may have several lines.
    """

    image: NDArray[np.uint8]
    caption: str = ""


def tile_grid(rows: Sequence[tuple[str, Sequence[Tile]]], title: str = "") -> Figure:
    """Draw tiles one inch high in rows, each row with its name at the left.

    All are as wide as the widest is to its height.
    """
    columns = max((len(tiles) for _, tiles in rows), default=1)
    captions = [tile.caption.split("\n") for _, tiles in rows for tile in tiles if tile.caption]
    names = [line for name, _ in rows for line in name.split("\n")]
    wide = max(
        (tile.image.shape[1] / tile.image.shape[0] for _, tiles in rows for tile in tiles),
        default=1.0,
    )
    # Inches around the tiles, by the letters that must find room there.
    above = 0.35 if title else 0.1
    below = 0.1 + 0.12 * max(map(len, captions), default=0)
    longest = max((len(line) for lines in captions for line in lines), default=0)
    gap = max(0.12, 0.056 * longest - wide + 0.05)
    left = 0.1 + max(0.085 * max(map(len, names), default=0), gap / 2)
    width = max(left + columns * (wide + gap), 0.2 + 0.09 * len(title))
    height = above + max(len(rows), 1) * (1 + below)
    figure = Figure((width, height))
    ax = figure.add_axes((0, 0, 1, 1))  # its unit is the inch, from the upper left corner
    ax.set_axis_off()
    ax.text(width / 2, above / 2, title, ha="center", va="center", fontsize=10)
    for row, (name, tiles) in enumerate(rows):
        top = above + row * (1 + below)
        ax.text(left - 0.06, top + 0.5, name, ha="right", va="center", fontsize=9)
        for column, tile in enumerate(tiles):
            x = left + column * (wide + gap)
            ax.imshow(
                tile.image, cmap="gray", vmin=0, vmax=255, aspect="auto",
                extent=(x, x + wide, top + 1, top),
            )  # fmt: skip
            ax.text(
                x + wide / 2, top + 1.04, tile.caption, ha="center", va="top", fontsize=6.5,
                parse_math=False,  # a file may have $ in its name
            )  # fmt: skip
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    return figure


def matrix(ax: Axes, values: NDArray[np.floating], text: str = "{:.2f}") -> None:
    """Draw a matrix of emotion by emotion with its numbers in the cells.

    Parameters
    ----------
    ax
        Where to; title and axis labels are the caller's.
    values
        Shape ``[7, 7]``, not negative; the cell of a NaN is left empty.
    text
        How `str.format` writes a value.
    """
    ax.imshow(values, cmap="Blues", vmin=0)
    ax.set_xticks(range(len(EMOTIONS)), EMOTIONS, rotation=35, ha="right")
    ax.set_yticks(range(len(EMOTIONS)), EMOTIONS)
    darkest = np.nanmax(values, initial=0)
    for row, column in np.ndindex(values.shape):
        value = values[row, column]
        if np.isnan(value):
            continue
        ax.text(
            column, row, text.format(value), ha="center", va="center", fontsize=8,
            color="white" if value > _LABELS_IN_WHITE * darkest else "black",
        )  # fmt: skip


def png(figure: Figure) -> bytes:
    """Return a figure as the content of a PNG file."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DPI, facecolor="white")
    return content.getvalue()


def save_png(figure: Figure, path: Path) -> None:
    """Write a figure; a reader sees the old picture or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as new:
        new.write_bytes(png(figure))
