"""The command ``edge-fer bench``."""

import sys
from pathlib import Path
from typing import Any

import click

from edge.recognizer_options import recognizer_options


@click.command()
@click.argument("clip", required=False, type=click.Path(path_type=Path))
@click.option(
    "--seconds",
    type=click.FloatRange(0.5, 3600),
    default=15,
    show_default=True,
    help="Of each measurement.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 1000),
    default=3,
    show_default=True,
    help="In each all programs are measured, one after the other.",
)
@click.option(
    "--cameras",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="That play the clip at the same time.",
)
@click.option(
    "--viewers",
    type=click.IntRange(0, 100),
    default=1,
    show_default=True,
    help="Who read a stream; without any no picture is encoded.",
)
@click.option("--live", is_flag=True, help="Play the clip at its own speed, as cameras would.")
@click.option(
    "--against",
    multiple=True,
    metavar="NAME=COMMAND",
    help="A program to compare with, run as COMMAND CLIP SECONDS; may be given again.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with each round's figures.")
@click.option(
    "--history",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Append that object to the file, and tell what changed since its last one.",
)
@recognizer_options
def bench(
    clip: Path | None,
    seconds: float,
    rounds: int,
    against: tuple[str, ...],
    as_json: bool,
    history: Path | None,
    **options: Any,
) -> None:
    """Measure how fast the daemon is on this machine, with CLIP or the demo clip.

    The daemon runs as it would as a service, with its broker, a subscriber and viewers of its
    page. With one camera, a viewer and no --live it is compared with the ceiling, which decodes
    and encodes the clip and does nothing else, and with every program of --against. Such a program
    plays CLIP over and over and prints, as its last line, how many frames it finished in how long
    once it was warm:
    {"frames": 300, "seconds": 15.0}
    """
    from edge.bench.options import Options
    from edge.bench.rounds import bench as run_bench
    from edge.capture.factory import DEMO_CLIP

    if options["live"] and against:
        raise click.UsageError("--live and --against do not go together: all would be as fast")
    chosen = Options(**options)
    if against and not chosen.comparable:
        raise click.UsageError("--against goes with one camera and a viewer: others encode too")
    sys.exit(run_bench(clip or DEMO_CLIP, chosen, seconds, rounds, against, as_json, history))
