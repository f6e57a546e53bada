"""Keeps one camera's pipeline running: a pipeline that dies is built anew, within limits."""

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from edge.backoff import Backoff
from edge.capture.health import SourceHealth
from edge.capture.source import SourceError
from edge.capture.stage import CaptureStuck
from edge.capture.state import SourceState
from edge.errors import ConfigError, EdgeFerError
from edge.metrics import CameraMetrics
from edge.pipeline import Pipeline

log = logging.getLogger(__name__)

_RESTARTS: Final = 5
_RESTART_WINDOW: Final = 600.0
_CLEAN_UP_SECONDS: Final = 0.5

_STUCK_SECONDS: Final = 30.0
"""A pipeline in which frames wait for this long without one coming out is dead."""


class PipelineStuck(EdgeFerError):
    """A stage hangs, in native code most likely."""


class TooManyRestarts(EdgeFerError):
    """A camera's pipeline dies again and again; the process had better begin anew."""


class Supervisor:
    """Watches a camera's pipeline, polled by the daemon's main loop.

    Parameters
    ----------
    name
        The camera's.
    build
        Makes a fresh pipeline.
    metrics
        The camera's; counts restarts.
    health
        Of the camera's source.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        name: str,
        build: Callable[[], Pipeline],
        metrics: CameraMetrics,
        health: SourceHealth,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._build = build
        self._metrics = metrics
        self._health = health
        self._clock = clock
        self._backoff = Backoff(first=1.0)
        self._restarts: deque[float] = deque()
        self._start_at: float | None = None
        self._first_at: float | None = None
        self._complaint = ""
        self._pipeline = build()
        self.failed = False
        """Whether the source was a clip that could not be read to its end."""

    def start(self, delay: float = 0.0) -> None:
        """Start the pipeline, by `poll` if after a delay in seconds."""
        if delay > 0:
            self._first_at = self._clock() + delay
        else:
            self._pipeline.start()

    @property
    def ended(self) -> bool:
        """Whether the source has come to its end, for good."""
        return (
            self._start_at is None
            and self._first_at is None
            and not self._pipeline.running
            and (self._pipeline.error is None or self.failed)
        )

    @property
    def state(self) -> SourceState:
        """What the camera's source is doing."""
        return self._health.state

    @property
    def fps(self) -> float:
        """Frames a second that go all the way."""
        return self._metrics.fps()

    @property
    def stuck_seconds(self) -> float:
        """How long nothing has moved in its pipeline; 0 while a restart is planned."""
        planned = self._start_at is not None or self._first_at is not None
        return 0.0 if planned else self._pipeline.stuck_seconds

    def poll(self) -> None:
        """Restart the pipeline if it died and its waiting time is over.

        Raises
        ------
        TooManyRestarts
            If it died more than 5 times in 10 minutes.
        CaptureStuck
            If its readers hang and nothing has come of it for minutes.
        """
        now = self._clock()
        if self._first_at is not None:
            if now >= self._first_at:
                self._first_at = None
                self._pipeline.start()
            return
        if self._start_at is not None:
            if now >= self._start_at:
                self._restart(now)
            return
        error = self._pipeline.error
        if error is None and self.stuck_seconds > _STUCK_SECONDS:
            error = PipelineStuck(f"no frame came out of it for {_STUCK_SECONDS:.0f} s")
        if error is None or self.failed:
            return
        if isinstance(error, CaptureStuck):
            raise error
        if isinstance(error, (SourceError, ConfigError)):
            log.error("%s: %s", self.name, error)
            self.failed = True
            return
        self._plan_restart(error, now)

    def request_stop(self) -> None:
        """Ask the pipeline to end."""
        self._pipeline.request_stop()

    def join(self, deadline: float) -> bool:
        """Wait for the pipeline's end until the monotonic `deadline`; return whether it ended."""
        return self._pipeline.join(deadline)

    def _restart(self, now: float) -> None:
        self._start_at = None
        try:
            self._pipeline = self._build()
        except Exception as error:  # noqa: BLE001 - a device unplugged, a model taken away: wait
            self._start_at = now + self._backoff.next()
            if str(error) != self._complaint:
                self._complaint = str(error)
                log.warning("%s: %s; trying again until it works", self.name, error)
            return
        self._complaint = ""
        self._pipeline.start()

    def _plan_restart(self, error: BaseException, now: float) -> None:
        known = isinstance(error, EdgeFerError)
        log.error(
            "%s: a stage died: %s: %s",
            self.name, type(error).__name__, error, exc_info=None if known else error,
        )  # fmt: skip
        self._pipeline.join(now + _CLEAN_UP_SECONDS)
        while self._restarts and self._restarts[0] < now - _RESTART_WINDOW:
            self._restarts.popleft()
        if not self._restarts:
            self._backoff.reset()
        self._restarts.append(now)
        if len(self._restarts) > _RESTARTS:
            raise TooManyRestarts(
                f"{self.name}: its pipeline died {len(self._restarts)} times in "
                f"{_RESTART_WINDOW / 60:.0f} minutes, last of {type(error).__name__}: {error}"
            )
        wait = self._backoff.next()
        self._start_at = now + wait
        self._metrics.restarts.inc()
        log.warning("%s: restarting in %.1f s", self.name, wait)
