"""Keeps one camera's pipeline running: a pipeline that dies is built anew, within limits."""

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from edge.backoff import Backoff
from edge.capture.source import SourceError
from edge.errors import EdgeFerError
from edge.metrics import CameraMetrics
from edge.pipeline import Pipeline

log = logging.getLogger(__name__)

_RESTARTS: Final = 5
_RESTART_WINDOW: Final = 600.0
_CLEAN_UP_SECONDS: Final = 0.5


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
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        name: str,
        build: Callable[[], Pipeline],
        metrics: CameraMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._build = build
        self._metrics = metrics
        self._clock = clock
        self._backoff = Backoff(first=1.0)
        self._restarts: deque[float] = deque()
        self._start_at: float | None = None
        self._complaint = ""
        self._pipeline = build()
        self.failed = False
        """Whether the source was a clip that could not be read to its end."""

    def start(self) -> None:
        """Start the pipeline."""
        self._pipeline.start()

    @property
    def ended(self) -> bool:
        """Whether the source has come to its end, for good."""
        return (
            self._start_at is None
            and not self._pipeline.running
            and (self._pipeline.error is None or self.failed)
        )

    def poll(self) -> None:
        """Restart the pipeline if it died and its waiting time is over.

        Raises
        ------
        TooManyRestarts
            If it died more than 5 times in 10 minutes.
        """
        now = self._clock()
        if self._start_at is not None:
            if now >= self._start_at:
                self._restart(now)
            return
        error = self._pipeline.error
        if error is None or self.failed:
            return
        if isinstance(error, SourceError):
            log.error("%s: %s", self._name, error)
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
                log.warning("%s: %s; trying again until it works", self._name, error)
            return
        self._complaint = ""
        self._pipeline.start()

    def _plan_restart(self, error: BaseException, now: float) -> None:
        log.error(
            "%s: a stage died: %s: %s", self._name, type(error).__name__, error, exc_info=error
        )
        self._pipeline.join(now + _CLEAN_UP_SECONDS)
        self._restarts.append(now)
        while self._restarts[0] < now - _RESTART_WINDOW:
            self._restarts.popleft()
        if len(self._restarts) > _RESTARTS:
            raise TooManyRestarts(
                f"{self._name}: its pipeline died {len(self._restarts)} times in "
                f"{_RESTART_WINDOW / 60:.0f} minutes, last of {type(error).__name__}: {error}"
            )
        wait = self._backoff.next()
        self._start_at = now + wait
        self._metrics.restarts.inc()
        log.warning("%s: restarting in %.1f s", self._name, wait)
