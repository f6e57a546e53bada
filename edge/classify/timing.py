"""How long something takes, measured on the spot."""

import time
from collections.abc import Callable
from typing import Final

import numpy as np

_RUNS: Final = 30
_SECONDS: Final = 2.0


def milliseconds(work: Callable[[], object]) -> float:
    """Return the median time of `work`, over as many runs as two seconds have room for."""
    times: list[float] = []
    end = time.perf_counter() + _SECONDS
    while len(times) < _RUNS and (not times or time.perf_counter() < end):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1000
