"""How often something happens, and how long it takes, just now."""

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
