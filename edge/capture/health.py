"""How a camera's source is doing: its state, how long, and how well over the last hour."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from edge.capture.state import MOVES, SourceState

WINDOW: Final = 3600.0
"""Seconds over which the quality of a connection is judged."""

_WELL: Final = {SourceState.ONLINE, SourceState.ENDED}
"""A clip that has ended is no camera that is missing."""

_GOOD: Final = 0.99
_FAIR: Final = 0.9


@dataclass(frozen=True, slots=True)
class Connection:
    """A source's connection at one moment.

    Attributes
    ----------
    state
        What the source is doing.
    since
        Seconds since the epoch at which that began.
    frame_age
        Seconds since the newest frame; None before the first.
    online
        Share of the last hour, or of the time since it was first opened, in which frames came or
        a clip had ended: 0..1.
    reconnects, stalls
        How many in that time.
    offline_seconds
        Time without frames since the start of the daemon, before a clip's end.
    """

    state: SourceState
    since: float
    frame_age: float | None
    online: float
    reconnects: int
    stalls: int
    offline_seconds: float

    @property
    def quality(self) -> Literal["good", "fair", "poor"]:
        """``good`` from 99 % of the time online, ``fair`` from 90 %, else ``poor``."""
        if self.online >= _GOOD:
            return "good"
        return "fair" if self.online >= _FAIR else "poor"

    def describe(self) -> dict[str, Any]:
        """Return the connection as the JSON of MQTT and the API; times are RFC 3339, UTC."""
        return {
            "status": self.state.value,
            "since": datetime.fromtimestamp(self.since, UTC).isoformat(timespec="milliseconds"),
            "last_frame_age": None if self.frame_age is None else round(self.frame_age, 3),
            "quality": self.quality,
            "online": round(self.online, 4),
            "reconnects": self.reconnects,
            "stalls": self.stalls,
            "offline_seconds": round(self.offline_seconds, 3),
        }


class SourceHealth:
    """The state machine of one camera's source; it outlives the camera's pipelines.

    The capture stage moves it, and only that; any thread may look.

    Parameters
    ----------
    on_move
        Called after each move, with the new state.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        on_move: Callable[[SourceState], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_move = on_move
        self._clock = clock
        self._lock = threading.Lock()
        self._began = clock()
        self._moves = deque([(self._began, SourceState.STARTING)])
        self._since = time.time()
        self._newest = -math.inf
        self._reconnects: deque[float] = deque()
        self._stalls: deque[float] = deque()
        self._offline = 0.0
        self.reconnects = 0
        """Attempts to open the source again, since the start; likewise the next two."""
        self.stalls = 0
        self.abandoned = 0
        self._hanging: list[tuple[float, threading.Thread]] = []

    @property
    def state(self) -> SourceState:
        """What the source is doing now."""
        return self._moves[-1][1]

    def move(self, state: SourceState) -> bool:
        """Go to `state`; return False if that is where it is.

        Raises
        ------
        ValueError
            If `MOVES` does not allow it.
        """
        if state is self.state:
            return False
        if state not in MOVES[self.state]:
            raise ValueError(f"a source that is {self.state.value} cannot be {state.value}")
        with self._lock:
            now = self._clock()
            if self.state is SourceState.STARTING:
                self._began = now  # what opening takes says nothing of the connection
            if self.state not in _WELL:
                self._offline += now - self._moves[-1][0]
            if state is SourceState.STALLED:
                self._stalls.append(now)
                self.stalls += 1
            self._since = time.time()
            self._moves.append((now, state))
            self._forget(now)
        self._on_move(state)
        return True

    def reconnecting(self) -> None:
        """Count an attempt to open the source again."""
        with self._lock:
            now = self._clock()
            self._reconnects.append(now)
            self.reconnects += 1
            self._forget(now)

    def abandon(self, reader: threading.Thread) -> None:
        """Count a thread that does not come back from native code."""
        self.abandoned += 1
        self._hanging.append((self._clock(), reader))

    def hanging(self) -> list[float]:
        """Return for how many seconds each thread that still hangs has been abandoned."""
        self._hanging = [(since, thread) for since, thread in self._hanging if thread.is_alive()]
        return [self._clock() - since for since, _ in self._hanging]

    def frame(self, captured: float) -> None:
        """Take the monotonic time of a frame that came."""
        self._newest = captured

    @property
    def frame_age(self) -> float:
        """Seconds since the newest frame; infinite before the first."""
        return max(0.0, self._clock() - self._newest)

    @property
    def offline_seconds(self) -> float:
        """Seconds since the start without frames, before a clip's end."""
        with self._lock:
            return self._without_frames(self._clock())

    def connection(self) -> Connection:
        """Return how the source is doing, and how it did over the last hour."""
        with self._lock:
            now = self._clock()
            start = self._forget(now)
            span = now - start
            ends = [moment for moment, _ in list(self._moves)[1:]] + [now]
            online = sum(
                end - max(begin, start)
                for (begin, state), end in zip(self._moves, ends, strict=True)
                if state in _WELL
            )
            age = self.frame_age
            return Connection(
                self.state,
                self._since,
                age if math.isfinite(age) else None,
                online / span if span > 0 else 0.0,
                len(self._reconnects),
                len(self._stalls),
                self._without_frames(now),
            )

    def _without_frames(self, now: float) -> float:
        begin, state = self._moves[-1]
        return self._offline + (0.0 if state in _WELL else now - begin)

    def _forget(self, now: float) -> float:
        """Let go of what is older than the window; return where that begins."""
        start = max(self._began, now - WINDOW)
        while len(self._moves) > 1 and self._moves[1][0] <= start:
            self._moves.popleft()
        for times in (self._reconnects, self._stalls):
            while times and times[0] < start:
                times.popleft()
        return start
