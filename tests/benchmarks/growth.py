"""What more cameras, faces and viewers cost, and what a camera costs that sees nobody.

``python -m tests.benchmarks.growth CLIP --out docs/speed``

CLIP has a face. Cameras are of an RTSP server, at 25 frames a second; clips of several faces are
read as fast as they go. Every figure is of `edge.bench`: the daemon as its own process, with its
broker and a subscriber.
"""

import json
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from edge.bench.machine import describe_machine, find_commit
from edge.bench.measure import measure
from edge.bench.options import Options
from tests.benchmarks.scenery import empty_clip, faces_clip, pictures, there_and_back, write
from tests.support.servers import RtspServer

Figures = dict[str, Any]

ONE = Options(
    detector="haar", width=None, model="fer-edge-votes-int8", runtime="auto", delegate="cpu",
    cameras=1, viewers=0, live=False,
)  # fmt: skip

CAMERAS = (1, 2, 3, 4, 6, 8)
FACES = (0, 1, 2, 4, 8, 16)
VIEWERS = (0, 1, 2, 5, 10, 20)


def cases(clip: Path, folder: Path) -> Iterator[tuple[str, int, str, Options]]:
    """Yield what to measure: of which series, how many, the source and the options."""
    face = write(there_and_back(pictures(clip)), folder / "face.mp4")
    empty = RtspServer(empty_clip(clip, folder / "empty.mp4"), folder)
    one = RtspServer(face, folder)
    live = replace(ONE, live=True)
    try:
        yield "idle", 1, empty.url, live
        yield "latency", 1, one.url, replace(live, viewers=1)
        for count in CAMERAS:
            yield "cameras", count, one.url, replace(live, cameras=count)
        for count in VIEWERS:
            yield "viewers", count, one.url, replace(live, viewers=count)
    finally:
        empty.kill()
        one.kill()
    for count in FACES:
        path = faces_clip(clip, count, folder / f"{count}.mp4")
        yield "faces", count, str(path), ONE


def lost(figures: Figures) -> int:
    """Return how many frames a camera gave and nobody looked at."""
    return sum(figures["dropped"].values())


def median(rounds: list[Figures], name: str) -> float:
    """Return the median of a figure over the rounds."""
    return float(statistics.median(each[name] for each in rounds))


def draw(told: dict[str, dict[int, list[Figures]]], path: Path) -> None:
    """Draw the three series."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 3.8))
    for axes, series, what, title, unit in (
        (left, "faces", "fps", "a clip, as fast as it goes", "frames a second"),
        (middle, "cameras", "fps", "RTSP cameras of 25 frames a second", "frames a second, all"),
        (right, "viewers", "cpu_percent", "viewers of one camera", "CPU, % of a core"),
    ):
        rounds = told[series]
        axes.plot(list(rounds), [median(each, what) for each in rounds.values()], "o-")
        axes.fill_between(
            list(rounds),
            [min(each[what] for each in rounds[n]) for n in rounds],
            [max(each[what] for each in rounds[n]) for n in rounds],
            alpha=0.2,
        )
        axes.set(title=title, xlabel=series, ylabel=unit, ylim=(0, None))
        axes.grid(visible=True, alpha=0.3)
    middle.plot(list(told["cameras"]), [25 * n for n in told["cameras"]], "k:", lw=1)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def report(told: dict[str, dict[int, list[Figures]]]) -> None:
    """Print all that was measured."""
    table = Table(
        "what", "frames a second", "dropped", "CPU, % of a core", "CPU, ms a frame",
        "latency p50, p95 (ms)", "memory (MB)",
    )  # fmt: skip
    for series, counts in told.items():
        for count, rounds in counts.items():
            delays = [each["latency_ms"] for each in rounds if each["latency_ms"]]
            table.add_row(
                f"{count} {series}",
                f"{median(rounds, 'fps'):.1f}",
                ", ".join(str(lost(each)) for each in rounds),
                " ".join(f"{each['cpu_percent']:.0f}" for each in rounds),
                f"{1000 * median(rounds, 'cpu_seconds_a_frame'):.1f}",
                " ".join(f"{each['median']:.0f}/{each['p95']:.0f}" for each in delays),
                f"{median(rounds, 'rss_mb'):.0f}",
            )
    Console(width=130).print(table)


@click.command()
@click.argument("clip", type=click.Path(path_type=Path, exists=True))
@click.option("--seconds", default=10.0)
@click.option("--rounds", default=3)
@click.option("--only", multiple=True, help="Of idle, latency, cameras, viewers, faces; all.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for growth.json and .png.")
def main(clip: Path, seconds: float, rounds: int, only: tuple[str, ...], out: Path | None) -> None:
    """Measure, print a table, and draw."""
    told: dict[str, dict[int, list[Figures]]] = {}
    with tempfile.TemporaryDirectory() as folder, Progress(transient=True) as progress:
        task = progress.add_task("", total=None)
        for series, count, source, options in cases(clip, Path(folder)):
            if only and series not in only:
                continue
            for number in range(rounds):
                progress.update(task, description=f"{count} {series}, round {number + 1}")
                figures = measure(source, options, seconds)
                told.setdefault(series, {}).setdefault(count, []).append(figures)
    report(told)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        run = {"commit": find_commit(), "machine": describe_machine(), "figures": told}
        (out / "growth.json").write_text(json.dumps(run, indent=1) + "\n")
        if {"faces", "cameras", "viewers"} <= told.keys():
            draw(told, out / "growth.png")


if __name__ == "__main__":
    main()
