"""The history of ``edge-fer bench`` as a picture: frames a second, and ratios, by commit.

``python -m tests.benchmarks.plot docs/speed/history.jsonl docs/speed/history.png``

Only runs like the last one are drawn: of the same clip, options and processor.
"""

from pathlib import Path

import click
import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from edge.bench.history import History, Run
from edge.errors import EdgeFerError


def label(run: Run) -> str:
    """Return what stands below a run: the commit, or else the version."""
    commit = run["commit"]
    if commit is None:
        return str(run["edge_fer"])
    return commit[:7] + ("+" if commit.endswith("-dirty") else "")


def draw(axes: Axes, runs: list[Run], what: str, title: str) -> None:
    """Draw a line a program: median and range."""
    # A colour a program, in both pictures.
    for number, name in enumerate(dict.fromkeys(n for run in runs for n in run["summary"]["fps"])):
        points = [(n, run["summary"][what].get(name)) for n, run in enumerate(runs)]
        there = [(n, spread) for n, spread in points if spread]
        if not there:  # we are not compared with ourselves
            continue
        medians = [spread["median"] for _, spread in there]
        below = [spread["median"] - spread["min"] for _, spread in there]
        above = [spread["max"] - spread["median"] for _, spread in there]
        axes.errorbar(
            [n for n, _ in there], medians, (below, above),
            marker="o", capsize=3, label=name, color=f"C{number}",
        )  # fmt: skip
    axes.set(title=title, yscale="log", xlim=(-0.5, len(runs) - 0.5))
    axes.set_xticks(range(len(runs)), [label(run) for run in runs], rotation=90)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()


@click.command()
@click.argument("history", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("picture", type=click.Path(path_type=Path, dir_okay=False))
def main(history: Path, picture: Path) -> None:
    """Draw HISTORY into PICTURE, a PNG."""
    try:
        kept = History(history)
    except EdgeFerError as error:
        raise click.ClickException(str(error)) from None
    if not kept.runs:
        raise click.UsageError(f"{history} is empty: run edge-fer bench --history {history}")
    runs = kept.like(kept.runs[-1])
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    draw(left, runs, "fps", "frames a second")
    draw(right, runs, "ratios", "edge-fer, times as fast as")
    figure.suptitle(f"{runs[-1]['clip']['name']}, {runs[-1]['machine']['cpu']}")
    figure.savefig(picture, dpi=100)


if __name__ == "__main__":
    main()
