"""From the rounds' raw figures to median and range."""

import statistics
from collections.abc import Iterator
from typing import Any

from edge.bench.contender import OURS

Spread = dict[str, float]
"""``median``, ``min`` and ``max`` over the rounds."""


def summarize(rounds: list[dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Return the spread of every number.

    ``figures`` are ours, those within others as ``stage_ms.detect``. ``fps`` are everybody's, and
    ``ratios`` ours over each of the others in the same round.

    Parameters
    ----------
    rounds
        For each round the figures by program.
    """
    figures: dict[str, list[float]] = {}
    fps: dict[str, list[float]] = {}
    ratios: dict[str, list[float]] = {}
    for programs in rounds:
        for name, value in _numbers(programs[OURS]):
            figures.setdefault(name, []).append(value)
        for program, told in programs.items():
            if "fps" not in told:  # it failed
                continue
            fps.setdefault(program, []).append(told["fps"])
            if program != OURS and told["fps"]:
                ratios.setdefault(program, []).append(programs[OURS]["fps"] / told["fps"])
    return {
        "ratios": {name: _spread(values) for name, values in ratios.items()},
        "fps": {name: _spread(values) for name, values in fps.items()},
        "figures": {name: _spread(values) for name, values in figures.items()},
    }


def _numbers(figures: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from _numbers(value, f"{prefix}{name}.")
        elif isinstance(value, int | float):
            yield f"{prefix}{name}", float(value)


def _spread(values: list[float]) -> Spread:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}
