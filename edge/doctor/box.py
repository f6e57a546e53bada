"""The machine: its programs, its memory, its heat."""

import os
import platform
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import edge
from edge.doctor.finding import Check, Finding, good, warning

_LITTLE: Final = 256e6
"""Bytes of free memory that the daemon can do with."""

_HOT: Final = 80.0
"""Degrees Celsius from which boards slow down."""

_ZONES: Final = Path("/sys/class/thermal")
_MEMORY: Final = Path("/proc/meminfo")


def checks() -> Iterator[Check]:
    """Give what to look at."""
    yield Check("box", _look)


def _look(_: threading.Event) -> Iterator[Finding]:
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    python = f"Python {platform.python_version()}"
    yield good(f"edge-fer {edge.__version__}, {python}, {system}, {os.cpu_count()} cores")
    free = memory_free(_MEMORY)
    if free is not None:
        told = f"{free / 1e9:.1f} GB of memory free"
        if free < _LITTLE:
            yield warning(told, "end other programs, or take fewer cameras: a camera needs 100 MB")
        else:
            yield good(told)
    heat = hottest(_ZONES)
    if heat is not None and heat >= _HOT:
        yield warning(
            f"{heat:.0f} °C: boards slow down then", "give it air, or a lower capture.fps"
        )


def memory_free(path: Path) -> float | None:
    """Return bytes that programs can still have, of ``/proc/meminfo``; None where it is not."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    sizes = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return float(sizes[0]) * 1024 if sizes else None


def hottest(zones: Path) -> float | None:
    """Return the highest temperature in degrees Celsius; None where none is measured."""
    found = []
    for path in zones.glob("thermal_zone*/temp"):
        try:
            found.append(int(path.read_text()) / 1000)
        except (OSError, ValueError):  # a sensor that is off
            continue
    return max(found, default=None)
