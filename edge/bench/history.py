"""The file that keeps every run: JSON lines."""

import json
from pathlib import Path
from typing import Any

from edge.errors import ConfigError, EdgeFerError

Run = dict[str, Any]
"""One object of ``--json``."""


class History:
    """Earlier runs.

    Parameters
    ----------
    path
        The file; it is made where there is none.

    Raises
    ------
    ConfigError
        If it cannot be written, or is no history of ours.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("a+", encoding="utf-8") as file:
                file.seek(0)
                lines = file.read().splitlines()
        except OSError as error:
            raise ConfigError(f"cannot use {path} as a history: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ConfigError(f"{path} is no history of edge-fer bench: name another") from None
        self.runs = [_parse(path, number, line) for number, line in enumerate(lines, 1) if line]

    def like(self, run: Run) -> list[Run]:
        """Return the runs of the same clip, options and processor, the newest last."""
        return [earlier for earlier in self.runs if _kind(earlier) == _kind(run)]

    def append(self, run: Run) -> None:
        """Add a run.

        Raises
        ------
        EdgeFerError
            If the disk does not take it.
        """
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(run) + "\n")
        except OSError as error:
            raise EdgeFerError(f"cannot write {self._path}: {error.strerror}") from None


def _kind(run: Run) -> tuple[Any, ...]:
    machine = run["machine"]
    return run["clip"], run["options"], machine["cpu"], machine["cores"]


def _parse(path: Path, number: int, line: str) -> Run:
    try:
        run: Run = json.loads(line)
        _kind(run)
        run["summary"]["fps"]
    except (ValueError, TypeError, KeyError):
        raise ConfigError(
            f"{path}, line {number}: no run of edge-fer bench: name another --history"
        ) from None
    return run
