"""What could run a model: runtimes, and hardware beside the CPU."""

import importlib
import os
import threading
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from edge.classify.interpreter import INSTALL, MODULES
from edge.doctor.finding import Check, Finding, error, good, warning
from edge.doctor.rights import to_open

_CORAL: Final = {("1a6e", "089a"), ("18d1", "9302")}
"""USB vendor and product of Coral's stick, before and after its firmware is loaded."""


def checks() -> Iterator[Check]:
    """Give what to look at."""
    yield Check("runtimes", _runtimes, 30.0)
    yield Check("hardware", lambda _: accelerators(Path("/")))


def _runtimes(_: threading.Event) -> Iterator[Finding]:
    there, missing = [], []
    for name, module in MODULES.items():
        package = "ai-edge-litert" if name == "litert" else name
        try:
            importlib.import_module(module)
        except ImportError as fault:
            missing.append(f"{package}: {fault}")
            continue
        try:
            there.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            there.append(package)
    if there:
        yield good(f"{', '.join(there)}" + "".join(f"; not {each}" for each in missing))
    else:
        yield error("; ".join(missing), " or ".join(INSTALL.values()))


def accelerators(root: Path) -> Iterator[Finding]:
    """Give what there is beside the CPU: GPUs, Edge TPUs.

    Parameters
    ----------
    root
        Of the file system.
    """
    found = False
    for node in sorted((root / "dev/dri").glob("renderD*")):
        found = True
        driver = root / "sys/class/drm" / node.name / "device/driver"
        name = driver.resolve().name if driver.exists() else "driver unknown"
        yield from _device(node, f"GPU {node} ({name})", "render")
    for node in sorted((root / "dev").glob("nvidia[0-9]*")):
        found = True
        yield from _device(node, f"GPU {node} (nvidia)", "video")
    for node in sorted((root / "dev").glob("apex_*")):
        found = True
        yield from _device(node, f"Edge TPU {node}", "apex")
    for product in sorted((root / "sys/bus/usb/devices").glob("*/idProduct")):
        if (_word(product.with_name("idVendor")), _word(product)) in _CORAL:
            found = True
            yield good("Edge TPU on USB: classify.delegate may name its library")
    if not found:
        yield good("no GPU and no Edge TPU: the CPU does it")


def _device(node: Path, what: str, group: str) -> Iterator[Finding]:
    if os.access(node, os.R_OK | os.W_OK):
        yield good(what)
    else:
        yield warning(f"{what}: no right to open it", to_open(group))


def _word(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
