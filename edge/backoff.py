"""Waiting times between attempts that fail."""

import random


class Backoff:
    """Exponential back-off with full jitter, capped; a success resets it.

    As in Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): every wait is
    drawn evenly from 0 to a ceiling that doubles, so that boxes which lost the same server do not
    come back in step. The lower bound keeps a refusing server from being hammered.
    """

    def __init__(self, first: float = 0.5, cap: float = 30.0) -> None:
        self._first = first
        self._cap = cap
        self._ceiling = first
        self._random = random.Random()  # noqa: S311 - spreads load, guards no secret

    def next(self) -> float:
        """Return the seconds to wait before the next attempt."""
        wait = self._random.uniform(self._first / 2, self._ceiling)
        self._ceiling = min(self._cap, self._ceiling * 2)
        return wait

    def reset(self) -> None:
        """Begin again with short waits, after an attempt that worked."""
        self._ceiling = self._first
