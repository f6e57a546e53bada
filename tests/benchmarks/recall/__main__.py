"""``python -m tests.benchmarks.recall``: the command and its tables."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import cv2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from edge.capture.factory import DEMO_CLIP
from edge.classify import load_classifier
from edge.config import ClassifyConfig
from edge.errors import EdgeFerError
from tests.benchmarks.recall.clips import COMPARED, Comparison, frames_of, run_clip
from tests.benchmarks.recall.truth import describe, run_scenes, scenes_of
from tests.benchmarks.recall.ways import WAYS, Run
from tests.support.scanning import KINDS
from tests.support.scenes import Scene
from tests.support.system import SHARED

IN_ALL = "all"
KINDS_OF_EVENT = ("appeared", "changed", "lost")


def compare_clips(clips: Sequence[Path], kinds: Sequence[str], bar: Progress) -> dict[str, Any]:
    """Return the times and the comparisons, each clip by itself and all together."""
    classifier = load_classifier(ClassifyConfig(delegate="cpu"))
    task = bar.add_task("clips", total=len(kinds) * sum(map(frames_of, clips)))
    times, compared = [], []
    for kind in kinds:
        together = {pair: Comparison() for pair in COMPARED}
        for clip in clips:
            runs: dict[str, Run] = {}
            for result in run_clip(clip, kind, classifier):
                bar.advance(task)
                runs = result or runs
            times.append({"clip": clip.stem, "detector": kind, **_times(runs)})
            for way, reference in COMPARED:
                alone = Comparison()
                for comparison in (alone, together[way, reference]):
                    comparison.add(runs[way], runs[reference])
                compared.append(_row(clip.stem, kind, way, reference, alone))
        compared += [_row(IN_ALL, kind, *pair, sums) for pair, sums in together.items()]
    return {"times": times, "compared": compared}


def draw_scenes(faces: Path | None, count: int, seed: int) -> list[Scene]:
    """Return scenes with FER-2013's faces; none without them."""
    if count == 0:
        return []
    if faces is None:
        click.echo("no scenes: name FER-2013's CSV file with --faces", err=True)
        return []
    from training.read import read_data

    return scenes_of(list(read_data(faces)["PublicTest"].images), count, seed)


def compare_scenes(scenes: Sequence[Scene], kinds: Sequence[str], bar: Progress) -> dict[str, Any]:
    """Return the times and what was found of what is there."""
    results = run_scenes(scenes, kinds, bar)
    times = [
        {"detector": kind, "frames": sum(map(len, scenes)), **_times(ways)}
        for kind, ways in results.items()
    ]
    return {"times": times, "found": list(describe(results))}


def _times(runs: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{what}_ms_a_frame": {
            name: round(of(runs[name].milliseconds), 2) for name in WAYS
        } for what, of in (("median", statistics.median), ("mean", statistics.fmean))
    }  # fmt: skip


def _row(clip: str, kind: str, way: str, reference: str, sums: Comparison) -> dict[str, Any]:
    names = {"clip": clip, "detector": kind, "way": way, "relative_to": reference}
    return {**names, **sums.describe()}


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _spread(value: dict[str, float] | None) -> str:
    return "-" if value is None else f"{value['mean']:.3f} / {value['p95']:.3f}"


def _events(row: dict[str, Any]) -> list[str]:
    counts = (row["events"], row["reference_events"], row["same_events"])
    return [" / ".join(str(c.get(kind, 0)) for c in counts) for kind in KINDS_OF_EVENT]


def time_table(title: str, rows: Sequence[dict[str, Any]]) -> Table:
    """Return the milliseconds of a frame, median and mean."""
    table = Table("where", "detector", *WAYS, title=title)
    for row in rows:
        pairs = zip(row["median_ms_a_frame"].values(), row["mean_ms_a_frame"].values(), strict=True)
        cells = (f"{median:.1f} / {mean:.1f}" for median, mean in pairs)
        table.add_row(row.get("clip", "scenes"), row["detector"], *cells)
    return table


def clip_tables(rows: Sequence[dict[str, Any]]) -> list[Table]:
    """Return the tables of faces and of events."""
    names = ("clip", "detector", "way", "relative to")
    faces = Table(
        *names, "its\nfaces", "\nkept", "its steady\nfaces", "\nkept", "\nextra",
        "centre off\nmean / p95", "size off\nmean / p95",
        title="Faces of a way relative to another's; off in widths of the other's face",
    )  # fmt: skip
    events = Table(
        *names, *KINDS_OF_EVENT,
        title="Events: the way's / the other's / the same kind and label within 0.5 s",
    )  # fmt: skip
    for row in rows:
        which = [row["clip"], row["detector"], row["way"], row["relative_to"]]
        faces.add_row(
            *which, str(row["reference_faces"]), _number(row["kept_share"]),
            str(row["reference_steady_faces"]), _number(row["steady_kept_share"]),
            str(row["extra"]), _spread(row["centre_deviation_of_face_width"]),
            _spread(row["size_deviation_of_face_width"]),
        )  # fmt: skip
        events.add_row(*which, *_events(row))
    return [faces, events]


def scene_table(rows: Sequence[dict[str, Any]]) -> Table:
    """Return recall and precision relative to the truth."""
    table = Table(
        "detector", "faces of", "faces", *(f"recall\n{way}" for way in WAYS),
        "shipped\n/ full", "shipped\n/ whole", *(f"precision\n{way}" for way in WAYS),
        title="Drawn scenes, relative to the truth; widths in pixels, speeds in widths a second",
    )  # fmt: skip
    for row in rows:
        of = f"{row['by']} {row['bin'][0]}..{row['bin'][1]}" if row["bin"] else row["by"]
        table.add_row(
            row["detector"], of, str(row["faces"]), *map(_number, row["recall"].values()),
            _number(row["recall_shipped_over_full"]), _number(row["recall_shipped_over_whole"]),
            *map(_number, row["precision"].values()),
        )  # fmt: skip
    return table


@click.command()
@click.argument("clips", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--detector", type=click.Choice(KINDS), multiple=True, help="Both if none is named.")
@click.option(
    "--faces", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="FER-2013's CSV file, for the scenes; ../shared's where it is there.",
)  # fmt: skip
@click.option("--scenes", type=click.IntRange(0), default=8, show_default=True, help="0: none.")
@click.option("--seed", type=click.IntRange(0), default=1, help="Of the scenes.")
@click.option("--no-clips", is_flag=True, help="The scenes only.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of tables.")
def main(
    clips: tuple[Path, ...], detector: tuple[str, ...], faces: Path | None, scenes: int,
    seed: int, no_clips: bool, as_json: bool,
) -> None:  # fmt: skip
    """Compare the daemon's way of detecting with slower ones.

    CLIPS are ../shared's, where they are there, and the demo clip if none is named.
    """
    cv2.setNumThreads(1)  # steady times
    clips = clips or (*sorted((SHARED / "clips").glob("*.mp4")), DEMO_CLIP)
    csv = SHARED / "fer2013" / "fer2013.csv.gz"
    faces = faces or (csv if csv.exists() else None)
    try:
        drawn = draw_scenes(faces, scenes, seed)
    except EdgeFerError as error:
        raise click.ClickException(str(error)) from None
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    kinds = detector or KINDS
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True,
        disable=not console.is_terminal,
    ) as bar:  # fmt: skip
        of_clips = {} if no_clips else compare_clips(clips, kinds, bar)
        of_scenes = compare_scenes(drawn, kinds, bar) if drawn else {}
    if as_json:
        click.echo(json.dumps({"clips": of_clips, "scenes": of_scenes}, indent=2))
        return
    out = Console(width=140)
    if of_clips:
        out.print(*clip_tables(of_clips["compared"]))
        out.print(time_table("ms a frame on clips, median / mean", of_clips["times"]))
    if of_scenes:
        out.print(scene_table(of_scenes["found"]))
        out.print(time_table("ms a frame on scenes, median / mean", of_scenes["times"]))


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.recall")
