"""The tables for people."""

from typing import Any, Final

from rich.console import Console
from rich.table import Table

from edge.bench.contender import OURS
from edge.bench.summary import Spread

_FIGURES: Final = {
    "fps": ("frames a second", 1.0, 1),
    "viewer_fps": ("pictures a second, a viewer", 1.0, 1),
    "faces_a_frame": ("faces a frame", 1.0, 2),
    "stage_ms.capture": ("capture, ms a frame", 1.0, 2),
    "stage_ms.detect": ("detect, ms a scan", 1.0, 2),
    "stage_ms.classify": ("classify, ms a frame", 1.0, 2),
    "stage_ms.publish": ("publish, ms a frame", 1.0, 2),
    "inference_ms": ("CNN, ms a face", 1.0, 3),
    "cpu_seconds_a_frame": ("CPU, ms a frame", 1000.0, 2),
    "cpu_percent": ("CPU, % of a core", 1.0, 0),
    "rss_mb": ("memory, MB", 1.0, 0),
    "peak_rss_mb": ("memory at most, MB", 1.0, 0),
    "latency_ms.median": ("capture to MQTT, ms: median", 1.0, 1),
    "latency_ms.p95": ("95 of 100 within", 1.0, 1),
    "latency_ms.p99": ("99 of 100 within", 1.0, 1),
    "first_event_seconds": ("start to first event, s", 1.0, 2),
}
"""What each is called, the factor it is shown with, and its digits."""

_DROPPED: Final = "dropped."


def print_report(console: Console, run: dict[str, Any], last: dict[str, Any] | None) -> None:
    """Print the ratios, then the figures; their change where there is a run before this."""
    machine, clip, options = run["machine"], run["clip"], run["options"]
    change = last is not None
    summary, before = run["summary"], (last or {}).get("summary", {})
    rounds = f"{len(run['rounds'])} x {run['seconds']:g} s"
    console.print(
        f"{clip['name']}, {clip['width']}x{clip['height']}, {options['cameras']} camera(s) "
        f"{'at its own speed' if options['live'] else 'as fast as it goes'}, "
        f"{options['viewers']} viewer(s), {rounds}; {machine['cores']} cores, {machine['cpu']}",
        highlight=False,
    )
    if summary["ratios"]:
        table = _table(f"{OURS}, times as fast as", "its FPS", change)
        for name, spread in summary["ratios"].items():
            fps = summary["fps"][name]
            _row(table, name, spread, 2, before.get("ratios", {}).get(name), change, _text(fps, 1))
        console.print(table)
    table = _table(OURS, None, change)
    earlier = before.get("figures", {})
    for key, (title, factor, digits) in _FIGURES.items():
        if key in summary["figures"]:
            scaled = _scaled(summary["figures"][key], factor)
            old = _scaled(earlier[key], factor) if key in earlier else None
            _row(table, title, scaled, digits, old, change)
    for key, spread in summary["figures"].items():
        if key.startswith(_DROPPED) and spread["max"]:
            title = f"frames dropped, {key.removeprefix(_DROPPED)}"
            _row(table, title, spread, 0, earlier.get(key), change)
    console.print(table)
    if last is not None:
        commit = f", commit {last['commit'][:7]}" if last["commit"] else ""
        console.print(f"change: against {last['date']}{commit}", highlight=False)


def _table(title: str, more: str | None, change: bool) -> Table:
    table = Table(title)
    for name in ("median", "range", *(["change"] if change else []), *([more] if more else [])):
        table.add_column(name, justify="right")
    return table


def _row(
    table: Table,
    title: str,
    spread: Spread,
    digits: int,
    old: Spread | None,
    change: bool,
    *more: str,
) -> None:
    told = [_change(spread["median"], old)] if change else []
    low, high = (f"{spread[end]:.{digits}f}" for end in ("min", "max"))
    table.add_row(title, f"{spread['median']:.{digits}f}", f"{low} to {high}", *told, *more)


def _change(new: float, old: Spread | None) -> str:
    if old is None or not old["median"]:
        return ""
    return f"{100 * (new / old['median'] - 1):+.1f} %"


def _scaled(spread: Spread, factor: float) -> Spread:
    return {name: factor * value for name, value in spread.items()}


def _text(spread: Spread, digits: int) -> str:
    return f"{spread['median']:.{digits}f}"
