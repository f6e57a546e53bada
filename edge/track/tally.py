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

    It may outlive the clock that it is given: time goes on when that is set back.
    """

    def __init__(self) -> None:
        self._buckets: deque[tuple[float, dict[Label, float]]] = deque()
        self._last: float | None = None
        self._elapsed = 0.0

    def add(self, time: float, labels: Iterable[Label], longest: float) -> None:
        """Take the labels that are shown at `time`, and were since the moment before.

        Parameters
        ----------
        time
            On the source's clock.
        labels
            One for each face.
        longest
            Seconds between two moments that still count as seen; nobody watched beyond.
        """
        passed = 0.0 if self._last is None else max(0.0, time - self._last)
        self._last = time
        self._elapsed += passed
        for label in labels if 0 < passed <= longest else ():
            if not self._buckets or self._elapsed - self._buckets[-1][0] >= _BUCKET:
                self._buckets.append((self._elapsed, dict.fromkeys(LABELS, 0.0)))
            self._buckets[-1][1][label] += passed
        while self._buckets and self._elapsed - self._buckets[0][0] > HOUR:
            self._buckets.popleft()

    def seconds(self, now: float, window: float) -> dict[Label, float]:
        """Return the seconds of every label over the last `window` seconds before `now`."""
        elapsed = self._elapsed + (0.0 if self._last is None else max(0.0, now - self._last))
        totals: dict[Label, float] = dict.fromkeys(LABELS, 0.0)
        for began, counts in reversed(self._buckets):
            if elapsed - began > window:
                break
            for label, seconds in counts.items():
                totals[label] += seconds
        return {label: round(seconds, 1) for label, seconds in totals.items()}
