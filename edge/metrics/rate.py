"""How often something happens, and how long it takes, just now."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable


class RateMeter:
    """Events a second over the last few seconds; falls to 0 when nothing comes any more."""

    def __init__(self, window: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._window = window
        self._clock = clock
        self._began = clock()
        self._events: deque[tuple[float, float]] = deque()
        self._lock = threading.Lock()

    def tick(self, value: float = 0.0) -> None:
        """Count an event now, with a figure of its own."""
        with self._lock:
            self._events.append((self._clock(), value))
            self._forget()

    def rate(self) -> float:
        """Return events a second over the window, or since the start if that is shorter."""
        with self._lock:
            self._forget()
            span = min(self._window, self._clock() - self._began)
            return len(self._events) / span if span > 0 else 0.0

    def mean(self) -> float | None:
        """Return the mean figure of the events in the window; None without any."""
        with self._lock:
            self._forget()
            if not self._events:
                return None
            return sum(value for _, value in self._events) / len(self._events)

    def _forget(self) -> None:
        oldest = self._clock() - self._window
        while self._events and self._events[0][0] <= oldest:
            self._events.popleft()


class HeldRate:
    """Asks for a rate only now and then, and answers the same in between; for any thread.

    Parameters
    ----------
    rate
        Events a second just now.
    seconds
        For so long it is not asked again.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        rate: Callable[[], float],
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = rate
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._held = 0.0
        self._due = -math.inf

    def __call__(self) -> float:
        """Return the rate as it was within the last `seconds`."""
        with self._lock:
            now = self._clock()
            if now >= self._due:
                self._due, self._held = now + self._seconds, self._rate()
            return self._held
