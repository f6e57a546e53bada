"""The capture stage: reads a source for as long as it lives, and never gives up on a camera."""

import logging
import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import Final

from edge.backoff import Backoff
from edge.capture.source import EndOfVideo, Source, SourceError
from edge.channel import Channel
from edge.metrics import CameraMetrics
from edge.records import Frame

log = logging.getLogger(__name__)


_REMINDER_SECONDS: Final = 60.0
"""How often a camera that stays away is told of again."""


class SourceStatus(Enum):
    """What a source is doing; published as it stands."""

    ONLINE = "online"
    RECONNECTING = "reconnecting"
    OFFLINE = "offline"


def capture(
    source: Source,
    frames: Channel[Frame],
    stop: threading.Event,
    metrics: CameraMetrics,
    on_status: Callable[[SourceStatus], None],
) -> None:
    """Put the frames of `source` into `frames` until `stop`, or the end of a clip.

    A live source that fails is opened again, after waits that grow; the first frame resets them.

    Raises
    ------
    SourceError
        If a clip, which no second try would mend, cannot be read to its end.
    """
    reporter = _Reporter(metrics.camera, source, on_status)
    backoff = Backoff()

    def online() -> None:
        backoff.reset()
        reporter.up()

    try:
        while not stop.is_set():
            try:
                source.open()
                _read(source, frames, stop, metrics, online)
            except EndOfVideo:
                return
            except SourceError as error:
                if not source.live:
                    raise
                wait = backoff.next()
                reporter.down(error, wait)
                stop.wait(wait)
                metrics.reconnects.inc()
            finally:
                source.close()
    finally:
        reporter.gone()


def _read(
    source: Source,
    frames: Channel[Frame],
    stop: threading.Event,
    metrics: CameraMetrics,
    on_first: Callable[[], None],
) -> None:
    number = 0
    while not stop.is_set():
        with metrics.stage("capture"):
            picture = source.read()
        captured = time.monotonic()
        metrics.captured()
        if number == 0:
            on_first()
        moment = captured if picture.position is None else picture.position
        frames.put(Frame(number, picture.image, captured, moment, time.time()))
        number += 1


class _Reporter:
    """Says each change of a source's status once, and a long absence every minute."""

    def __init__(
        self, camera: str, source: Source, on_status: Callable[[SourceStatus], None]
    ) -> None:
        self._camera = camera
        self._reminded = 0.0
        self._source = source
        self._on_status = on_status
        self._status: SourceStatus | None = None

    def up(self) -> None:
        if self._change(SourceStatus.ONLINE):
            level = logging.INFO if self._source.live else logging.DEBUG
            log.log(level, "%s: %s gives frames", self._camera, self._source.description)

    def down(self, error: SourceError, wait: float) -> None:
        now = time.monotonic()
        if self._change(SourceStatus.RECONNECTING) or now - self._reminded > _REMINDER_SECONDS:
            self._reminded = now
            log.warning("%s: %s; trying again, next in %.1f s", self._camera, error, wait)

    def gone(self) -> None:
        self._change(SourceStatus.OFFLINE)

    def _change(self, status: SourceStatus) -> bool:
        if status is self._status:
            return False
        self._status = status
        self._on_status(status)
        return True
