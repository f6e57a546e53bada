"""Makes all checks at the same time, and waits for none longer than it may take."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Final

from edge.doctor.finding import Check, Finding, error
from edge.errors import EdgeFerError

_GRACE_SECONDS: Final = 2.0
"""For a check whose time is up to say what it knows."""

_HANGS: Final = "whatever it waits for hangs: look there, and try again"
_OURS: Final = "please report this line: it is a fault of edge-fer's own"


def examine(checks: Iterable[Check]) -> Iterator[Finding]:
    """Give the findings of all checks, in their order.

    Threads of those that hang are left behind; they end with the process.
    """
    turn = threading.Lock()
    begun = [_Examination(check, turn if check.timed else nullcontext()) for check in checks]
    for examination in begun:
        yield from examination.findings()


class _Examination:
    """A check on a thread of its own."""

    def __init__(self, check: Check, turn: AbstractContextManager[object]) -> None:
        self._check = check
        self._turn = turn
        self._found: list[Finding] = []
        self._stop = threading.Event()
        self._deadline = time.monotonic() + check.seconds
        self._thread = threading.Thread(target=self._run, name=check.topic, daemon=True)
        self._thread.start()

    def findings(self) -> Iterator[Finding]:
        """Wait for what it finds, until its time is up."""
        self._thread.join(max(0.0, self._deadline - time.monotonic()))
        if self._thread.is_alive():
            self._stop.set()
            self._thread.join(_GRACE_SECONDS)
        found = list(self._found)
        if self._thread.is_alive():
            found.append(error(f"no answer within {self._check.seconds:g} s", _HANGS))
        for finding in found:
            yield replace(finding, topic=finding.topic or self._check.topic)

    def _run(self) -> None:
        try:
            with self._turn:
                for finding in self._check.look(self._stop):
                    self._found.append(finding)
        except EdgeFerError as fault:
            self._found.append(error(str(fault), self._check.advice))
        except Exception as fault:  # noqa: BLE001 - the others are to be seen all the same
            self._found.append(error(f"{type(fault).__name__}: {fault}", _OURS))
