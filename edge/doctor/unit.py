"""What systemd makes of the daemon."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from edge.doctor.finding import Check, Finding, error, good, warning

_CONFIGS: Final = Path("/etc/edge-fer")
"""Where the units look for theirs."""

_RUNS: Final = Path("/run/systemd/system")
"""Is there where systemd is (sd_booted(3))."""

_ASKED: Final = (
    "LoadState", "ActiveState", "SubState", "UnitFileState", "NRestarts", "WatchdogUSec",
    "StatusText", "Result",
)  # fmt: skip
_SECONDS: Final = 5.0


def unit_of(path: Path) -> str | None:
    """Return the unit that runs a configuration, as systemd/ has them; None for one elsewhere."""
    path = Path(os.path.abspath(path))  # noqa: PTH100 - without following links, as the unit names it
    if path.parent != _CONFIGS or path.suffix != ".yaml":
        return None
    return "edge-fer.service" if path.stem == "config" else f"edge-fer@{path.stem}.service"


def checks(path: Path) -> Iterator[Check]:
    """Give what to look at for the configuration at `path`."""
    yield Check("systemd", partial(_look, path))


def _look(path: Path, _: threading.Event) -> Iterator[Finding]:
    program = shutil.which("systemctl")
    if not _RUNS.is_dir() or program is None:
        yield good("does not run here: something else must start the daemon at boot, and again")
        return
    unit = unit_of(path)
    if unit is None:
        yield good(f"not asked: its units run what is in {_CONFIGS}, and not {path}")
        return
    command = [program, "show", unit, f"--property={','.join(_ASKED)}"]
    try:
        done = subprocess.run(  # noqa: S603 - the system's own program
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        yield warning(f"systemctl does not answer: {fault}", "see systemctl status")
        return
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    yield from judge(unit, {key: value for key, _, value in pairs})


def judge(unit: str, told: Mapping[str, str]) -> Iterator[Finding]:
    """Tell what to think of what ``systemctl show`` says of the unit."""
    state = told.get("ActiveState", "")
    if told.get("LoadState") != "loaded":
        yield good(f"{unit} is not installed: something else must start the daemon")
        return
    status = f": {told['StatusText']}" if told.get("StatusText") else ""
    if state == "active":
        yield good(f"{unit} is active{status}")
    elif state == "failed":
        yield error(
            f"{unit} has failed ({told.get('Result', '')})",
            f"journalctl -u {unit} -n 50 says why; then systemctl restart {unit}",
        )
    elif state == "activating":
        yield warning(f"{unit} is starting{status}", f"journalctl -u {unit} -f shows how it goes")
    else:
        yield warning(f"{unit} does not run", f"systemctl enable --now {unit}")
    if told.get("UnitFileState") not in {"enabled", "enabled-runtime"} and state == "active":
        yield warning("it will not start at boot", f"systemctl enable {unit}")
    if told.get("WatchdogUSec", "0") in {"0", "infinity"}:
        yield warning("without a watchdog a daemon that hangs stays so", "set WatchdogSec=30")
    restarts = told.get("NRestarts", "0")
    if restarts.isdigit() and int(restarts) > 0:
        yield warning(
            f"it was restarted {restarts} times", f"journalctl -u {unit} -p warning says why"
        )
