"""Programs that the daemon is compared with: they are run, and tell how many frames they did."""

import json
import os
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from edge.errors import ConfigError, EdgeFerError

OURS: Final = "edge-fer"
CEILING: Final = "ceiling"

_WARM_SECONDS: Final = 300.0
"""For a program to import what it needs and to come to its end: TensorFlow takes its time."""


@dataclass(frozen=True)
class Contender:
    """A program that keeps the protocol of `edge.bench.protocol`.

    Attributes
    ----------
    name
        What to call it.
    command
        Its words; the clip and the seconds follow.
    """

    name: str
    command: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take ``NAME=COMMAND``, the command quoted as in a shell.

        Raises
        ------
        ConfigError
            If it is no such thing.
        """
        name, _, command = text.partition("=")
        try:
            words = tuple(shlex.split(command))
        except ValueError as error:
            raise ConfigError(f"--against {text}: {error}") from None
        if not name or not words:
            raise ConfigError(f"--against {text}: write NAME=COMMAND, such as 'old=python old.py'")
        return cls(name, words)

    def run(self, clip: Path, seconds: float) -> dict[str, Any]:
        """Return what it tells: at least `frames`, `seconds`, and `fps` that follow from them.

        Raises
        ------
        EdgeFerError
            If it cannot be started, fails, takes far too long, or breaks the protocol.
        """
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own command
                [*self.command, str(clip), str(seconds)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, errors="replace", start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise EdgeFerError(
                f"{self.name}: cannot run {self.command[0]}: {error.strerror}"
            ) from None
        try:
            out, err = process.communicate(timeout=seconds + _WARM_SECONDS)
        except subprocess.TimeoutExpired:
            raise EdgeFerError(
                f"{self.name} did not end within {seconds + _WARM_SECONDS:.0f} s"
            ) from None
        finally:
            with suppress(ProcessLookupError):  # its group: it may have children
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.returncode != 0:
            said = _last(err) or _last(out) or "it says nothing"
            raise EdgeFerError(f"{self.name} ended with exit code {process.returncode}: {said}")
        return self._figures(_last(out))

    def _figures(self, line: str) -> dict[str, Any]:
        try:
            told = json.loads(line)
            fps = told["frames"] / told["seconds"]
        except (ValueError, TypeError, KeyError, ZeroDivisionError):
            raise EdgeFerError(
                f'{self.name}: its last line must be {{"frames": n, "seconds": s}}, not '
                f"{line[:200] or 'nothing'}"
            ) from None
        return {**told, "fps": fps}


def ceiling() -> Contender:
    """Return the program that does the least."""
    return Contender(CEILING, (sys.executable, "-m", "edge.bench.ceiling"))


def parse_contenders(texts: tuple[str, ...]) -> tuple[Contender, ...]:
    """Take all ``--against``.

    Raises
    ------
    ConfigError
        If one is wrong, or two have the same name.
    """
    contenders = tuple(Contender.parse(text) for text in texts)
    names = [contender.name for contender in contenders]
    for name in names:
        if name in {OURS, CEILING}:
            raise ConfigError(f"--against {name}=...: that is a name of ours, choose another")
        if names.count(name) > 1:
            raise ConfigError(f"--against {name}=... is there twice: choose two names")
    return contenders


def _last(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
