"""What the figures were measured on."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import cv2

_PACKAGE: Final = Path(__file__).parent.parent
_RUNTIMES: Final = ("ai-edge-litert", "tflite-runtime")
_GIT_SECONDS: Final = 30.0


def describe_machine() -> dict[str, Any]:
    """Return the processor, and what of the software decides how fast we are."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "arch": platform.machine(),
        "python": platform.python_version(),
        "opencv": cv2.__version__,
        "numpy": version("numpy"),
        "runtimes": {name: found for name in _RUNTIMES if (found := _version(name))},
    }


def find_commit(package: Path = _PACKAGE) -> str | None:
    """Return the commit that the package was checked out from, ``-dirty`` if it was changed since.

    None where it is not part of a git checkout: one that merely lies inside of one does not count.
    """
    if _git(package, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    return _git(package, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*")


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - no words but ours
            ["git", "-C", str(folder), *words],  # noqa: S607 - whichever git the user has
            capture_output=True, text=True, timeout=_GIT_SECONDS, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpu() -> str:
    """Return the processor's name; boards with ARM tell one of the board only, or none."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    told = {
        name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    return told.get("model name") or told.get("Model") or platform.processor() or "unknown"
