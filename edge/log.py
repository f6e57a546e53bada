"""Where the log goes and what it looks like: a person, journald or a program may read it."""

import json
import logging
import os
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TextIO

from edge.config.log import LogFormat
from edge.redact import conceal

_PRIORITIES: Final = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
"""Of syslog, as journald takes them in front of a line (sd-daemon(3))."""

_DEBUG_PRIORITY: Final = 7
_OFTEN: Final = 3
"""Times that the same message is said in `_QUIET_SECONDS`."""

_QUIET_SECONDS: Final = 60.0
_REMEMBERED: Final = 256
_ASKED_FOR: Final = {"edge.reload"}
"""Loggers whose every line answers somebody who asked."""


def set_up_log(
    level: str, how: LogFormat = "auto", secrets: AbstractSet[str] = frozenset()
) -> None:
    """Send the log to standard error.

    Parameters
    ----------
    level
        ``debug``, ``info``, ``warning`` or ``error``.
    how
        ``json`` for an object a line; ``auto`` leaves time and level to journald where that reads
        us, and ``text`` does not.
    secrets
        What no line may hold, whoever wrote it; more may come later.
    """
    handler = _Discreet(secrets)
    handler.setFormatter(_formatter(how))
    handler.addFilter(Repeats())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


class _Discreet(logging.StreamHandler[TextIO]):
    """Keeps secrets even out of what a library says in its exceptions."""

    def __init__(self, secrets: AbstractSet[str]) -> None:
        super().__init__(sys.stderr)
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return conceal(super().format(record), frozenset(self._secrets))


def _formatter(how: LogFormat) -> logging.Formatter:
    if how == "json":
        return JsonLines()
    if how == "auto" and read_by_journald():
        return JournalLines()
    return logging.Formatter("%(asctime)s %(levelname)-7s %(message)s")


def read_by_journald() -> bool:
    """Return whether standard error is journald's own socket (systemd.exec(5))."""
    try:
        here = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{here.st_dev}:{here.st_ino}"


class JournalLines(logging.Formatter):
    """Lines with their priority in front; journald knows the time."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record, every line of it with the priority."""
        found = (number for level, number in _PRIORITIES if record.levelno >= level)
        priority = next(found, _DEBUG_PRIORITY)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


class JsonLines(logging.Formatter):
    """An object a line: ``time`` (RFC 3339, UTC), ``level``, ``logger``, ``message``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


@dataclass
class _Said:
    since: float
    times: int = 0
    more: int = 0


class Repeats(logging.Filter):
    """Lets the same message through three times a minute, and says then how often it came more.

    Not just once: what changes there and back would seem to have stayed there. And always what
    answers somebody who asked: each of them waits for it.

    Parameters
    ----------
    clock
        Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: OrderedDict[tuple[str, int, str], _Said] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record may be said."""
        if record.name in _ASKED_FOR:
            return True
        now = self._clock()
        text = record.getMessage()
        key = (record.name, record.levelno, text)
        said = self._said.setdefault(key, _Said(now))
        self._said.move_to_end(key)
        if len(self._said) > _REMEMBERED:
            self._said.popitem(last=False)
        if now - said.since >= _QUIET_SECONDS:
            if said.more:
                record.msg, record.args = f"{text} (and {said.more} times more before)", ()
            said.since, said.times, said.more = now, 0, 0
        if said.times >= _OFTEN:
            said.more += 1
            return False
        said.times += 1
        return True
