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

_NEARLY: Final = 0.9
"""Fraction of the time limit from which a failed read counts as a stall."""

_LOOKS: Final = 3
"""So often in a row a reader is found overdue before it is abandoned: a box may have slept."""

_REMINDER_SECONDS: Final = 3600.0
"""How often a camera that stays away is told of again."""

_OFFLINE_ATTEMPTS: Final = 3
"""So many attempts in a row fail before a camera counts as offline."""

_MOST_HANGING: Final = 3
"""Readers that may hang in native code at the same time: no more are started then."""

_HOPELESS_SECONDS: Final = 300.0
"""When a reader has hung for this long, and no frame came since, only a new process helps."""


class CaptureStuck(EdgeFerError):
    """A reader hangs in native code past every hope."""


class CaptureStage:
    """Reads a source for as long as it lives; all moves of its state are made here.

    A camera that fails is opened again after waits that grow, and that the first frame resets.
    One that neither fails nor gives frames is given up after `stall_seconds`; a reader that does
    not come back from native code for it is abandoned, counted, and replaced.

    Parameters
    ----------
    make
        Makes the source anew for every attempt.
    live
        Whether the source is a camera, which is never given up, or a clip.
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
        live: bool,
        deliver: Callable[[Frame], None],
        config: CaptureConfig,
        stop: threading.Event,
        metrics: CameraMetrics,
        health: SourceHealth,
    ) -> None:
        self._make = make
        self._live = live
        self._deliver = deliver
        self._config = config
        self._stop = stop
        self._metrics = metrics
        self._health = health
        self._backoff = Backoff()
        self._failures = 0
        self._reminded = 0.0
        self._baffled = ""
        self.awake_until = time.monotonic() + _TICK_SECONDS
        """Monotonic time at which the stage shows its next sign of life."""

    def run(self) -> None:
        """Put frames through until the stop event, or the end of a clip.

        Raises
        ------
        SourceError
            If a clip, which no second try would mend, cannot be read to its end.
        CaptureStuck
            If a reader has hung for minutes, and no other brought a frame since.
        """
        if self._health.state is SourceState.ENDED:
            self._health.move(SourceState.RECONNECTING)
        try:
            while not self._stop.is_set():
                self._attempt()
        except EndOfVideo:
            self._health.move(SourceState.ENDED)
        except (SourceError, ConfigError):
            self._health.move(SourceState.OFFLINE)
            raise
        finally:
            if self._health.state in {SourceState.ONLINE, SourceState.STALLED}:
                self._health.move(SourceState.RECONNECTING)

    def _attempt(self) -> None:
        """Open the source and read it until it fails or ends; wait before the next attempt."""
        reader = None
        try:
            self._wait_for_those_that_hang()
            reader = Reader(self._make(), self._deliver, self._config, self._metrics, self._health)
            reader.start()
            self._watch(reader)
        except (EndOfVideo, CaptureStuck):
            raise
        except (SourceError, ConfigError) as error:
            if not self._live:
                raise
            self._lost(error)
        except Exception as error:  # a camera must not cost the others the process
            if not self._live:
                raise
            self._lost(self._surprise(error))
        finally:
            if reader is not None:
                reader.retire(_GOODBYE_SECONDS)

    def _watch(self, reader: Reader) -> None:
        """Follow a reader until it ends, and raise what ended it; return when asked to stop."""
        limit = self._config.stall_seconds
        quiet, looks = 0.0, 0
        while not self._stop.is_set():
            left = limit - quiet
            reader.news.wait(min(left, _TICK_SECONDS) if left > 0 else _TICK_SECONDS)
            reader.news.clear()
            self.awake_until = time.monotonic() + _TICK_SECONDS
            alive, newest = reader.alive, reader.newest
            quiet = time.monotonic() - (reader.started if newest is None else newest)
            if newest is not None and (quiet < limit or not self._live):
                self._online(reader)
            if not alive:
                if reader.error is None:
                    return
                # The time limit of native code and ours run out together.
                if isinstance(reader.error, SourceError) and quiet > _NEARLY * limit:
                    self._stalled()
                raise reader.error
            if not self._live or quiet < limit:
                continue
            self._stalled()
            # To connect may take one limit, to find the video one, the first frame another; then
            # half of one to let go.
            looks = looks + 1 if quiet > (3.5 if newest is None else 1.5) * limit else 0
            if looks >= _LOOKS:
                self._health.abandon(reader.thread)
                raise SourceError(f"{reader.source.description} neither answers nor fails")

    def _online(self, reader: Reader) -> None:
        if self._health.move(SourceState.ONLINE):
            self._failures = 0
            self._backoff.reset()
            level = logging.INFO if reader.source.live else logging.DEBUG
            log.log(level, "%s: %s gives frames", self._metrics.camera, reader.source.description)

    def _stalled(self) -> None:
        if self._health.state is SourceState.ONLINE:
            self._health.move(SourceState.STALLED)
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
                "%s is %s: %s; trying again",
                self._metrics.camera, self._health.state.value, error,
            )  # fmt: skip
        self.awake_until = now + wait
        self._stop.wait(wait)
        if not self._stop.is_set():
            self._health.reconnecting()

    def _surprise(self, error: Exception) -> SourceError:
        """Name an error that no source should raise; with its traceback when it is a new one."""
        text = f"{type(error).__name__}: {error}"
        if text != self._baffled:
            self._baffled = text
            log.error("%s: %s", self._metrics.camera, text, exc_info=error)
        return SourceError(f"an error of its own: {type(error).__name__}")

    def _wait_for_those_that_hang(self) -> None:
        """Start no more readers while some hang; give up when none helps for minutes."""
        while not self._stop.is_set():
            hanging = self._health.hanging()
            hopeless = min(max(hanging, default=0.0), self._health.frame_age)
            if hopeless > _HOPELESS_SECONDS:
                raise CaptureStuck(
                    f"{self._metrics.camera}: a reader has hung for {max(hanging):.0f} s: ending, "
                    "to begin anew"
                )
            if len(hanging) < _MOST_HANGING:
                return
            self.awake_until = time.monotonic() + _TICK_SECONDS
            self._stop.wait(_TICK_SECONDS)
