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
from edge.doctor.unit import unit_of

_STATES: Final = Path("/var/lib")
"""Where systemd makes a unit's ``StateDirectory=``."""

_LITTLE: Final = 500e6
_NOTHING: Final = 50e6
"""Bytes."""


def checks(config: Config | None, path: Path) -> Iterator[Check]:
    """Give what to look at for the configuration at `path`, None where it cannot be read."""
    for topic, folder in folders(config, path):
        yield Check(topic, partial(_look, folder))


def folders(config: Config | None, path: Path) -> Iterator[tuple[str, Path]]:
    """Give the folders that the daemon writes to."""
    given, unit = os.environ.get("STATE_DIRECTORY", "").partition(":")[0], unit_of(path)
    if given:
        yield "state folder", Path(given)
    elif unit is not None:
        made = _STATES / unit.removesuffix(".service").replace("@", "-", 1)
        if made.is_symlink() or made.exists():
            yield "state folder", made
    if config is not None and config.mqtt.outbox.folder is not None:
        yield "outbox folder", config.folder / config.mqtt.outbox.folder


def _look(folder: Path, _: threading.Event) -> Iterator[Finding]:
    try:
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"edge-fer")
            file.flush()
    except NotADirectoryError:
        yield error(f"{folder} cannot be made: {there} is no folder", "name another one")
        return
    except PermissionError as fault:
        # systemd gives the service a folder of its own, and nobody else.
        what = f"{fault.filename or folder} is not for this user to write in"
        yield warning(what, "look as root, sudo edge-fer doctor, or as the daemon's user")
        return
    except OSError as fault:
        advice = "make room, or give the daemon's user the folder with chown"
        yield error(f"{folder} cannot be written: {fault.strerror}", advice)
        return
    made = "" if there == folder else f", to be made in {there}"
    free = shutil.disk_usage(there).free
    told = f"{folder}{made}: can be written, {free / 1e9:.1f} GB free"
    if free < _NOTHING:
        yield error(told, "make room: journalctl --vacuum-size=100M is a beginning")
    elif free < _LITTLE:
        yield warning(told, "make room: journalctl --vacuum-size=100M is a beginning")
    else:
        yield good(told)
