"""What faces showed over the last ten minutes, as the page draws it."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from edge.emotions import LABELS, Label

STEP: Final = 5
"""Seconds that are drawn as one."""

STEPS: Final = 120


class Timeline:
    """Adds up the seconds that faces showed each label, by the time of day; for any thread.

    Parameters
    ----------
    clock
        Seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._steps: deque[tuple[int, dict[Label, float]]] = deque(maxlen=STEPS)
        self._last: float | None = None

    def add(self, labels: Iterable[Label]) -> None:
        """Take the labels that are shown now and were since the call before, `STEP` ago at most."""
        now = self._clock()
        with self._lock:
            before, self._last = self._last, now
            if before is None or not 0 < now - before <= STEP:
                return
            shown = Counter(labels)
            for number in range(int(before // STEP), int(now // STEP) + 1) if shown else ():
                seconds = min(now, (number + 1) * STEP) - max(before, number * STEP)
                if not self._steps or self._steps[-1][0] != number:
                    self._steps.append((number, {}))
                row = self._steps[-1][1]
                for label, people in shown.items():
                    row[label] = row.get(label, 0.0) + people * seconds

    def interrupt(self) -> None:
        """Take that nobody sees what faces show until the next call of `add`."""
        with self._lock:
            self._last = None

    def describe(self) -> dict[str, Any]:
        """Return the timeline as the JSON of the API.

        ``until`` is when the last step ends, ``labels`` names the columns of ``seconds``, which
        has `STEPS` rows of `STEP` seconds each, oldest first.
        """
        newest = int(self._clock() // STEP)
        with self._lock:
            shown = {number: dict(labels) for number, labels in self._steps}
        rows = [shown.get(number, {}) for number in range(newest - STEPS + 1, newest + 1)]
        return {
            "step": STEP,
            "until": datetime.fromtimestamp((newest + 1) * STEP, UTC).isoformat(),
            "labels": list(LABELS),
            "seconds": [[round(row.get(label, 0.0), 2) for label in LABELS] for row in rows],
        }
