"""Pictures of a data set: counts, faces, copies, and where FER+ sees something else."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from edge.emotions import EMOTIONS
from training.data import DataSet, Samples, Split
from training.duplicates import Face
from training.explore.agreement import Agreement
from training.explore.findings import Findings
from training.explore.sections import Title
from training.figures import Tile, matrix, tile_grid
from training.majority import majority

Item = TypeVar("Item")

SAMPLES: Final = 10
"""Faces of each emotion in the grids."""

PAIRS: Final = 8
"""Pairs of copies for two splits."""

NARROW: Final = 4.3
"""Width in inches of what a phone shows whole."""

_LONGEST: Final = 16
"""Letters of a name that find room below a face."""


@dataclass(frozen=True)
class Picture:
    """A picture: the section where it belongs, its file's stem, and what it shows."""

    section: Title
    name: str
    caption: str
    figure: Figure


def draw(data: DataSet, found: Findings) -> Iterator[Picture]:
    """Draw the pictures for which there is something to show."""
    first = next(iter(data.splits))
    yield Picture("Counts", "counts", "Faces of each emotion in each split.", _bars(found))
    yield Picture(
        "Faces", "samples", f"{first} faces of each emotion, drawn by lot.",
        _samples(data[first]),
    )  # fmt: skip
    yield Picture("Faces", "mean-faces", "The mean face of each emotion.", _mean_faces(data))
    exact = {
        (later, earlier): [(f, there[0]) for f, there in found.duplicates.copies(later, earlier)]
        for later, earlier in found.near
    }
    if any(exact.values()):
        yield Picture(
            "Copies", "copies", "The same pixels in two splits: each face above its copy.",
            _pairs(data, exact),
        )  # fmt: skip
    near = {pair: [(n.face, n.other) for n in copies] for pair, copies in found.near.items()}
    if any(near.values()):
        yield Picture(
            "Copies", "near-copies",
            "The same photograph with other pixels in two splits: each face above its near copy.",
            _pairs(data, near),
        )  # fmt: skip
    everything, votes = found.agreement_of_all, data[first].votes
    if everything:
        yield Picture(
            "FER+", "fer-plus", "What most FER+ voters saw in the faces of each label.",
            _agreement(everything),
        )  # fmt: skip
    if votes is not None:
        yield Picture(
            "FER+", "disagreement",
            f"{first} faces of each label that FER+ voters were most at one to see otherwise.",
            _disagreement(data[first], votes),
        )  # fmt: skip


def _bars(found: Findings) -> Figure:
    figure = Figure((NARROW, 0.2 + 1.7 * len(found.counts)), layout="constrained")
    axes = figure.subplots(len(found.counts), 1, squeeze=False)[:, 0]
    for ax, (split, counts) in zip(axes, found.counts.items(), strict=True):
        bars = ax.barh(EMOTIONS, counts.faces, color="tab:blue")
        ax.bar_label(bars, [f"{n:,}" for n in counts.faces], padding=3, fontsize=8)
        ax.set_title(f"{split}: {counts.total:,} faces", fontsize=10)
        ax.set_xlim(0, 1.15 * max(counts.faces))
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.tick_params(labelsize=8)
        ax.invert_yaxis()
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def _samples(samples: Samples) -> Figure:
    lot = np.random.default_rng(0)

    def drawn(of: NDArray[np.intp]) -> list[Tile]:
        places = np.sort(lot.choice(of, min(SAMPLES, len(of)), replace=False))
        return [Tile(samples.images[i], _short(samples.names[i])) for i in places]

    return tile_grid(_by_label(samples, drawn))


def _mean_faces(data: DataSet) -> Figure:
    def mean(samples: Samples, label: int) -> Tile:
        faces = samples.images[samples.labels == label]
        if not len(faces):
            return Tile(np.full(samples.images.shape[1:], 255, np.uint8), f"no {EMOTIONS[label]}")
        return Tile(np.rint(faces.mean(axis=0)).astype(np.uint8), EMOTIONS[label])

    return tile_grid(
        [
            (split, [mean(samples, label) for label in range(len(EMOTIONS))])
            for split, samples in data.splits.items()
        ]
    )


def _pairs(data: DataSet, pairs: dict[tuple[Split, Split], list[tuple[Face, Face]]]) -> Figure:
    def tile(face: Face) -> Tile:
        return Tile(data[face.split].images[face.place], f"{_short(face.name)}\n{face.emotion}")

    rows = []
    for (later, earlier), found in pairs.items():
        some = _spread(found, PAIRS)
        if some:
            rows.append((later, [tile(face) for face, _ in some]))
            rows.append((earlier, [tile(copy) for _, copy in some]))
    return tile_grid(rows)


def _agreement(found: Agreement) -> Figure:
    figure = Figure((NARROW, NARROW), layout="constrained")
    ax = figure.subplots()
    matrix(ax, found.rates)
    ax.tick_params(labelsize=8)
    ax.set_xlabel("majority of FER+", fontsize=9)
    ax.set_ylabel("label", fontsize=9)
    return figure


def _disagreement(samples: Samples, votes: NDArray[np.float32]) -> Figure:
    chosen = majority(votes)
    # Zero where the voters agree with the label, one where all of them see another emotion.
    otherwise = votes.max(axis=1) - votes[np.arange(len(samples)), samples.labels]

    def worst(of: NDArray[np.intp]) -> list[Tile]:
        differ = of[(chosen[of] >= 0) & (chosen[of] != samples.labels[of])]
        places = differ[np.argsort(-otherwise[differ], kind="stable")][:SAMPLES]
        return [
            Tile(
                samples.images[i],
                f"{_short(samples.names[i])}\n{EMOTIONS[chosen[i]]} {votes[i].max():.0%}",
            )
            for i in places
        ]

    return tile_grid(_by_label(samples, worst))


def _by_label(
    samples: Samples, tiles: Callable[[NDArray[np.intp]], list[Tile]]
) -> list[tuple[str, list[Tile]]]:
    """Return a row for each emotion, of the tiles that are made of its faces."""
    return [
        (emotion, tiles(np.flatnonzero(samples.labels == label)))
        for label, emotion in enumerate(EMOTIONS)
    ]


def _spread(items: Sequence[Item], most: int) -> list[Item]:
    """Return some of the items, from the first to the last at equal distances."""
    some = min(most, len(items))
    return [items[i * len(items) // some] for i in range(some)]


def _short(name: str) -> str:
    name = Path(name).name
    return name if len(name) <= _LONGEST else f"…{name[-_LONGEST:]}"
