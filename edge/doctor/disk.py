"""Whether there is room, and a right to write, where the daemon keeps things."""

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from edge.config import Config
from edge.doctor.finding import Check, Finding, error, good, warning

_STATE: Final = Path("/var/lib/edge-fer")
"""What systemd's ``StateDirectory=edge-fer`` makes."""

_LITTLE: Final = 500e6
_NOTHING: Final = 50e6
"""Bytes."""


def checks(config: Config | None) -> Iterator[Check]:
    """Give what to look at."""
    for topic, folder in folders(config):
        yield Check(topic, partial(_look, folder))


def folders(config: Config | None) -> Iterator[tuple[str, Path]]:
    """Give the folders that the daemon writes to."""
    given = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given or _STATE.is_dir():
        yield "state folder", Path(given) if given else _STATE
    if config is not None and config.mqtt.outbox.folder is not None:
        yield "outbox folder", config.folder / config.mqtt.outbox.folder


def _look(folder: Path, _: threading.Event) -> Iterator[Finding]:
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    made = "" if there == folder else f", to be made in {there}"
    if not there.is_dir():
        yield error(f"{there} is no folder", "name another one")
        return
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"edge-fer")
            file.flush()
    except OSError as fault:
        yield error(
            f"{there} cannot be written: {fault.strerror}",
            "look as the daemon's user (sudo -u edge-fer edge-fer doctor); if it is so to that "
            "one too, make room, or give it the folder with chown",
        )
        return
    free = shutil.disk_usage(there).free
    told = f"{folder}{made}: can be written, {free / 1e9:.1f} GB free"
    if free < _NOTHING:
        yield error(told, "make room: journalctl --vacuum-size=100M is a beginning")
    elif free < _LITTLE:
        yield warning(told, "make room: journalctl --vacuum-size=100M is a beginning")
    else:
        yield good(told)
