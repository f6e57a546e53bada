"""The capture stage: watches a reader, replaces it when it fails, never gives up on a camera."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from edge.backoff import Backoff
from edge.capture.health import SourceHealth
from edge.capture.reader import Reader
from edge.capture.source import EndOfVideo, Source, SourceError
from edge.capture.state import SourceState
from edge.config import CaptureConfig
from edge.errors import ConfigError, EdgeFerError
from edge.metrics import CameraMetrics
from edge.records import Frame

log = logging.getLogger(__name__)

_TICK_SECONDS: Final = 0.2
_GOODBYE_SECONDS: Final = 0.3

_REMINDER_SECONDS: Final = 60.0
"""How often a camera that stays away is told of again."""

_OFFLINE_ATTEMPTS: Final = 3
"""So many attempts in a row fail before a camera counts as offline."""

_MOST_ABANDONED: Final = 3
"""Readers stuck in native code at the same time; one more, and only a new process helps."""


class CaptureStuck(EdgeFerError):
    """Too many readers hang in native code past every time limit."""


class CaptureStage:
    """Reads a source for as long as it lives; all moves of its state are made here.

    A camera that fails is opened again after waits that grow, and that the first frame resets.
    One that neither fails nor gives frames is given up after `stall_seconds`; a reader that does
    not come back from native code for it is abandoned, counted, and replaced.

    Parameters
    ----------
    make
        Makes the source anew for every attempt.
    deliver
        Takes the frames.
    config
        Time limits.
    stop
        Ends it.
    metrics, health
        The camera's.
    """

    def __init__(
        self,
        make: Callable[[], Source],
        deliver: Callable[[Frame], None],
        config: CaptureConfig,
        stop: threading.Event,
        metrics: CameraMetrics,
        health: SourceHealth,
    ) -> None:
        self._make = make
        self._deliver = deliver
        self._config = config
        self._stop = stop
        self._metrics = metrics
        self._health = health
        self._backoff = Backoff()
        self._failures = 0
        self._reminded = 0.0
        self._abandoned: list[Reader] = []
        self.awake_until = time.monotonic() + _TICK_SECONDS
        """Monotonic time at which the stage shows its next sign of life."""

    def run(self) -> None:
        """Put frames through until the stop event, or the end of a clip.

        Raises
        ------
        SourceError
            If a clip, which no second try would mend, cannot be read to its end.
        CaptureStuck
            If too many readers hang.
        """
        try:
            while not self._stop.is_set():
                self._attempt()
        except EndOfVideo:
            self._health.move(SourceState.ENDED)
        except SourceError:
            self._health.move(SourceState.OFFLINE)
            raise
        finally:
            if self._health.state in {SourceState.ONLINE, SourceState.STALLED}:
                self._health.move(SourceState.RECONNECTING)

    def _attempt(self) -> None:
        """Open the source and read it until it fails or ends; wait before the next attempt."""
        live = True
        reader = None
        try:
            source = self._make()
            live = source.live
            reader = Reader(source, self._deliver, self._config.fps, self._metrics, self._health)
            reader.start()
            self._watch(reader)
        except (SourceError, ConfigError) as error:
            if not live:
                raise
            self._lost(error)
        finally:
            if reader is not None:
                reader.retire(_GOODBYE_SECONDS if reader not in self._abandoned else 0.0)

    def _watch(self, reader: Reader) -> None:
        """Follow a reader until it ends, and raise what ended it; return when asked to stop."""
        live, limit = reader.source.live, self._config.stall_seconds
        quiet = 0.0
        while not self._stop.is_set():
            left = limit - quiet
            reader.news.wait(min(left, _TICK_SECONDS) if left > 0 else _TICK_SECONDS)
            reader.news.clear()
            self.awake_until = time.monotonic() + _TICK_SECONDS
            newest = reader.newest
            quiet = time.monotonic() - (reader.started if newest is None else newest)
            if newest is not None and (quiet < limit or not live):
                self._online(reader)
            elif newest is not None:
                self._stalled()
            if not reader.alive:
                # The time limit of native code and ours run out together.
                if live and newest is not None and quiet > 0.9 * limit:
                    self._stalled()
                if reader.error is not None:
                    raise reader.error
                return
            # To open may take one limit and the first frame another; then half of one to let go.
            if live and quiet > (2.5 if newest is None else 1.5) * limit:
                self._abandon(reader)

    def _online(self, reader: Reader) -> None:
        if self._health.move(SourceState.ONLINE):
            self._failures = 0
            self._backoff.reset()
            level = logging.INFO if reader.source.live else logging.DEBUG
            log.log(level, "%s: %s gives frames", self._metrics.camera, reader.source.description)

    def _stalled(self) -> None:
        if self._health.move(SourceState.STALLED):
            log.warning("%s: no frame for %g s", self._metrics.camera, self._config.stall_seconds)

    def _lost(self, error: EdgeFerError) -> None:
        self._failures += 1
        told = self._health.state is SourceState.OFFLINE
        if not told:
            told = not self._health.move(SourceState.RECONNECTING)
            if self._failures >= _OFFLINE_ATTEMPTS:
                told = not self._health.move(SourceState.OFFLINE)
        wait = self._backoff.next()
        now = time.monotonic()
        if not told or now - self._reminded > _REMINDER_SECONDS:
            self._reminded = now
            log.warning(
                "%s is %s: %s; trying again, next in %.1f s",
                self._metrics.camera, self._health.state.value, error, wait,
            )  # fmt: skip
        self.awake_until = now + wait
        self._stop.wait(wait)
        if not self._stop.is_set():
            self._health.reconnecting()

    def _abandon(self, reader: Reader) -> None:
        self._abandoned = [old for old in self._abandoned if old.alive] + [reader]
        self._health.abandoned += 1
        if len(self._abandoned) > _MOST_ABANDONED:
            raise CaptureStuck(
                f"{self._metrics.camera}: {len(self._abandoned)} readers of "
                f"{reader.source.description} hang past every time limit: ending, to begin anew"
            )
        raise SourceError(f"{reader.source.description} does not answer and does not fail")
