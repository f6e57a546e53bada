"""For how long each label was shown over the last minute and hour."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from edge.emotions import LABELS, Label

MINUTE: Final = 60.0
HOUR: Final = 3600.0

_BUCKET: Final = 1.0
"""Seconds that are counted together."""


class Tally:
    """Adds up the seconds that faces showed each label: two happy faces are two seconds a second.

    Times are of the source's clock.

    Parameters
    ----------
    longest_gap
        Seconds between two frames that still count as seen; what lies beyond was not watched.
    """

    def __init__(self, longest_gap: float) -> None:
        self._longest_gap = longest_gap
        self._buckets: deque[tuple[float, dict[Label, float]]] = deque()
        self._last: float | None = None

    def add(self, time: float, labels: Iterable[Label]) -> None:
        """Take the labels that are shown at `time`, and were since the frame before."""
        passed = 0.0 if self._last is None else time - self._last
        self._last = time
        if passed < 0:  # a clip that begins anew: the past is of another clock
            self._buckets.clear()
        if not 0 < passed <= self._longest_gap:
            return
        for label in labels:
            if not self._buckets or time - self._buckets[-1][0] >= _BUCKET:
                self._buckets.append((time, dict.fromkeys(LABELS, 0.0)))
            self._buckets[-1][1][label] += passed
        while self._buckets and time - self._buckets[0][0] > HOUR:
            self._buckets.popleft()

    def seconds(self, now: float, window: float) -> dict[Label, float]:
        """Return the seconds of every label over the last `window` seconds before `now`."""
        totals: dict[Label, float] = dict.fromkeys(LABELS, 0.0)
        for began, counts in self._buckets:
            if now - began <= window:
                for label, seconds in counts.items():
                    totals[label] += seconds
        return {label: round(seconds, 1) for label, seconds in totals.items()}
