"""``edge-fer bench``: the rounds, and what becomes of their figures."""

import json
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

import edge
from edge.bench.clip import Clip, find_clip
from edge.bench.contender import OURS, Contender, ceiling, parse_contenders
from edge.bench.history import History
from edge.bench.machine import describe_machine, find_commit
from edge.bench.measure import measure
from edge.bench.options import Options
from edge.bench.report import print_report
from edge.bench.summary import summarize
from edge.errors import EdgeFerError

Round = dict[str, dict[str, Any]]
"""The figures by program; of one that failed its ``error``."""


def bench(
    path: Path,
    options: Options,
    seconds: float,
    rounds: int,
    against: tuple[str, ...],
    as_json: bool,
    history_path: Path | None,
) -> int:
    """Measure, print, and keep in the history; return the exit code.

    Raises
    ------
    ConfigError
        If the clip, the model, a contender or the history is no such thing.
    EdgeFerError
        If the daemon fails. Of a contender that fails there is a line, and the rest goes on.
    """
    clip = find_clip(path)
    options.config(str(clip.path), 0, 0)
    others = (ceiling(), *parse_contenders(against)) if options.comparable else ()
    history = None if history_path is None else History(history_path)
    # What we start must not outlive us.
    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(ending, lambda number, _: sys.exit(128 + number))
    told = _measure_all(clip, options, seconds, rounds, others, bar=not as_json)
    run = {
        "schema_version": 1,
        "edge_fer": edge.__version__,
        "commit": find_commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "clip": clip.describe(),
        "options": options.describe(),
        "seconds": seconds,
        "rounds": told,
        "summary": summarize(told),
    }
    earlier = [] if history is None else history.like(run)
    if as_json:
        click.echo(json.dumps(run))
    else:
        print_report(Console(), run, earlier[-1] if earlier else None)
    if history is not None:
        history.append(run)
    return int(any("error" in figures for programs in told for figures in programs.values()))


def _measure_all(
    clip: Clip,
    options: Options,
    seconds: float,
    rounds: int,
    others: Sequence[Contender],
    bar: bool,
) -> list[Round]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    shown = bar and console.is_terminal
    told: list[Round] = []
    failed: set[str] = set()
    with Progress(*columns, console=console, transient=True, disable=not shown) as progress:
        task = progress.add_task(OURS, total=rounds * (1 + len(others)))
        for number in range(1, rounds + 1):
            progress.update(task, description=f"round {number} of {rounds}: {OURS}")
            programs: Round = {OURS: measure(str(clip.path), options, seconds)}
            progress.advance(task)
            for other in others:
                if other.name not in failed:
                    progress.update(task, description=f"round {number} of {rounds}: {other.name}")
                    programs[other.name] = _compete(other, clip.path, seconds)
                    if "error" in programs[other.name]:
                        failed.add(other.name)  # what takes minutes to fail does so once
                progress.advance(task)
            told.append(programs)
    return told


def _compete(other: Contender, clip: Path, seconds: float) -> dict[str, Any]:
    try:
        return other.run(clip, seconds)
    except EdgeFerError as error:
        click.echo(f"error: {' '.join(str(error).split())}", err=True)
        return {"error": str(error)}
