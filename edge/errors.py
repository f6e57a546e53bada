"""Errors that a user can mend: one line that says what, where and what to do."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """What is wrong with a file, and where: lines and columns begin at 1."""

    path: Path
    line: int
    column: int
    what: str

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.path}, line {self.line}, column {self.column}: {self.what}"


class EdgeFerError(Exception):
    """Something outside the program is wrong: a file, a camera, a model, a data set.

    The message is shown to the user as it stands, without a traceback.
    """

    exit_code = 1


class ConfigError(EdgeFerError):
    """The configuration or what it names (a clip, a device, a model) does not exist or fit.

    Parameters
    ----------
    fault, others
        What is wrong, a line each.
    """

    exit_code = 2

    def __init__(self, fault: str | Fault, *others: str | Fault) -> None:
        super().__init__(str(fault))
        self.faults = (fault, *others)
