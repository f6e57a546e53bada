"""Where the log goes and what it looks like: a person, journald or a program may read it."""

import json
import logging
import os
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Literal

Format = Literal["auto", "text", "json"]

_PRIORITIES: Final = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
"""Of syslog, as journald takes them in front of a line (sd-daemon(3))."""

_DEBUG_PRIORITY: Final = 7
_QUIET_SECONDS: Final = 60.0
_REMEMBERED: Final = 256


def set_up_log(level: str, how: Format = "auto") -> None:
    """Send the log to standard error.

    Parameters
    ----------
    level
        ``debug``, ``info``, ``warning`` or ``error``.
    how
        ``json`` for an object a line; ``auto`` leaves time and level to journald where that reads
        us, and ``text`` does not.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_formatter(how))
    handler.addFilter(Repeats())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def _formatter(how: Format) -> logging.Formatter:
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


class Repeats(logging.Filter):
    """Lets the same message through once a minute, and says then how often it came.

    Parameters
    ----------
    clock
        Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: OrderedDict[tuple[str, int, str], tuple[float, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record may be said."""
        now = self._clock()
        text = record.getMessage()
        key = (record.name, record.levelno, text)
        at, more = self._said.get(key, (-_QUIET_SECONDS, 0))
        if now - at < _QUIET_SECONDS:
            self._said[key] = at, more + 1
            return False
        self._said[key] = now, 0
        self._said.move_to_end(key)
        if len(self._said) > _REMEMBERED:
            self._said.popitem(last=False)
        if more:
            record.msg, record.args = f"{text} (and {more} times since it was said)", ()
        return True
