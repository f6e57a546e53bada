"""What is looked at, and what is found."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How well something is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """A line of the report.

    Attributes
    ----------
    status
        How well it is.
    what
        What was found.
    advice
        What to do about it; empty where nothing need be done.
    topic
        What was looked at; the check's own where it is left empty.
    figures
        The same for programs.
    """

    status: Status
    what: str
    advice: str = ""
    topic: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)


def good(what: str, **figures: Any) -> Finding:
    """Find that all is well."""
    return Finding(Status.OK, what, figures=figures)


def warning(what: str, advice: str, **figures: Any) -> Finding:
    """Find what may be meant so, or may become an error."""
    return Finding(Status.WARNING, what, advice, figures=figures)


def error(what: str, advice: str) -> Finding:
    """Find what keeps the daemon from its work."""
    return Finding(Status.ERROR, what, advice)


@dataclass(frozen=True)
class Check:
    """Something to look at.

    Attributes
    ----------
    topic
        A word or two.
    look
        Gives what it finds; an `EdgeFerError` is a finding too. Ends soon after the event that
        it is given is set, if it can.
    seconds
        It may take so long; then the event is set, and it is not waited for.
    advice
        What to do about an `EdgeFerError`.
    timed
        Whether it measures how long something takes: such checks wait for each other.
    """

    topic: str
    look: Callable[[threading.Event], Iterable[Finding]]
    seconds: float = 10.0
    advice: str = ""
    timed: bool = False
