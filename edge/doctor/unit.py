"""What systemd makes of the daemon."""

import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from edge.doctor.finding import Check, Finding, error, good, warning

UNIT: Final = "edge-fer.service"

_RUNS: Final = Path("/run/systemd/system")
"""Is there where systemd is (sd_booted(3))."""

_ASKED: Final = (
    "LoadState", "ActiveState", "SubState", "UnitFileState", "NRestarts", "WatchdogUSec",
    "StatusText", "Result",
)  # fmt: skip
_SECONDS: Final = 5.0


def checks() -> Iterator[Check]:
    """Give what to look at."""
    yield Check("systemd", _look)


def _look(_: threading.Event) -> Iterator[Finding]:
    program = shutil.which("systemctl")
    if not _RUNS.is_dir() or program is None:
        yield good("does not run here: something else must start the daemon at boot, and again")
        return
    command = [program, "show", UNIT, f"--property={','.join(_ASKED)}"]
    try:
        done = subprocess.run(  # noqa: S603 - the system's own program
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        yield warning(f"systemctl does not answer: {fault}", "see systemctl status")
        return
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    yield from judge({key: value for key, _, value in pairs})


def judge(told: Mapping[str, str]) -> Iterator[Finding]:
    """Tell what to think of what ``systemctl show`` says of the unit."""
    state = told.get("ActiveState", "")
    if told.get("LoadState") != "loaded":
        yield good(f"{UNIT} is not installed: something else must start the daemon")
        return
    status = f": {told['StatusText']}" if told.get("StatusText") else ""
    if state == "active":
        yield good(f"{UNIT} is active{status}")
    elif state == "failed":
        yield error(
            f"{UNIT} has failed ({told.get('Result', '')})",
            f"journalctl -u {UNIT} -n 50 says why; then systemctl restart {UNIT}",
        )
    elif state == "activating":
        yield warning(f"{UNIT} is starting{status}", f"journalctl -u {UNIT} -f shows how it goes")
    else:
        yield warning(f"{UNIT} does not run", f"systemctl enable --now {UNIT}")
    if told.get("UnitFileState") not in {"enabled", "enabled-runtime"} and state == "active":
        yield warning("it will not start at boot", f"systemctl enable {UNIT}")
    if told.get("WatchdogUSec", "0") in {"0", "infinity"}:
        yield warning("without a watchdog a daemon that hangs stays so", "set WatchdogSec=30")
    restarts = told.get("NRestarts", "0")
    if restarts.isdigit() and int(restarts) > 0:
        yield warning(
            f"it was restarted {restarts} times", f"journalctl -u {UNIT} -p warning says why"
        )
