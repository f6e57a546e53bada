"""One camera's pipeline: a thread a stage, joined by bounded channels."""

import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

from edge.capture.health import SourceHealth
from edge.capture.source import Source
from edge.capture.stage import CaptureStage
from edge.channel import Channel, Closed, Overflow
from edge.classify import PacedClassifier
from edge.config import CaptureConfig
from edge.detect.scanner import Scanner
from edge.metrics import CameraMetrics
from edge.records import Detection, Frame, Observation
from edge.sink import Sink

In = TypeVar("In")
Out = TypeVar("Out")

_IDLE_SECONDS: Final = 0.25


class Pipeline:
    """The four stages of a camera, from the source to a sink.

    Data flows one way::

        capture --frames--> detect --detections--> classify --observations--> publish

    The channel of frames is where a live camera's frames are dropped, before any work is spent on
    them; the others wait, and so slow the first. A stage that ends closes the channels on both
    sides of it: those before it stop, those after it finish what is queued.

    Parameters
    ----------
    make_source
        Makes the source, for every attempt anew; its kind decides whether frames are dropped or
        wait.
    scanner, classifier
        Used by one thread each.
    sink
        Takes every observation, in order.
    metrics, health
        The camera's; they outlive the pipeline.
    config
        How frames are fetched.
    """

    def __init__(
        self,
        make_source: Callable[[], Source],
        scanner: Scanner,
        classifier: PacedClassifier,
        sink: Sink,
        metrics: CameraMetrics,
        health: SourceHealth,
        config: CaptureConfig,
    ) -> None:
        self._scanner = scanner
        self._classifier = classifier
        self._sink = sink
        self._metrics = metrics
        self._max_age = config.max_age_seconds
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._waiting_since: float | None = None
        self._last_out = time.monotonic()
        self._paused_at = -math.inf
        self._live = make_source().live
        # A second one for a live camera: whole scans of several cameras may fall together.
        frames = Channel[Frame](
            2 if self._live else 4,
            Overflow.DROP_OLDEST if self._live else Overflow.WAIT,
            lambda _: metrics.dropped("detect", "overflow"),
        )
        detections = Channel[Detection](2)
        observations = Channel[Observation](2)

        def deliver(frame: Frame) -> None:
            if self._waiting_since is None:
                self._waiting_since = time.monotonic()
            frames.put(frame)

        self._channels: tuple[Channel[Any], ...] = (frames, detections, observations)
        self._capture = CaptureStage(
            make_source, self._live, deliver, config, self._stop, metrics, health
        )
        self._threads = [
            self._stage("capture", self._capture.run, frames),
            self._stage(
                "detect", lambda: _transform(frames, self._detect, detections), frames, detections
            ),
            self._stage(
                "classify",
                lambda: _transform(detections, self._classify, observations),
                detections,
                observations,
            ),
            self._stage("publish", lambda: _drain(observations, self._publish, sink), observations),
        ]

    def start(self) -> None:
        """Start the stages."""
        self._capture.awake_until = self._last_out = time.monotonic()
        for thread in self._threads:
            thread.start()

    @property
    def running(self) -> bool:
        """Whether any stage still works."""
        return any(thread.is_alive() for thread in self._threads)

    @property
    def error(self) -> BaseException | None:
        """What ended the first stage that died; None after a clean end."""
        return self._error

    @property
    def stuck_seconds(self) -> float:
        """How long a frame has been waiting with none coming out, or capture gave no sign."""
        now, waiting = time.monotonic(), self._waiting_since
        if self._scanner.paused:
            self._paused_at = now
        if not self.running or self._scanner.paused:
            return 0.0
        since = [now if waiting is None else waiting]
        if self._threads[0].is_alive():
            since.append(self._capture.awake_until)
        return now - max(min(since), self._paused_at)

    def wait(self, timeout: float) -> None:
        """Wait until the last stage has ended, `timeout` seconds at most."""
        self._threads[-1].join(timeout)

    def request_stop(self) -> None:
        """Ask the capture stage to end; the others follow with what is queued."""
        self._stop.set()

    def join(self, deadline: float) -> bool:
        """Wait for the stages until the monotonic time `deadline`.

        A stage that is stuck by then is cut off and left behind (its thread is a daemon).

        Returns
        -------
        bool
            Whether every stage has ended.
        """
        self.request_stop()
        half = (deadline - time.monotonic()) / 2
        # What capture has handed over is finished; for what it waits for, nobody waits.
        if self._threads[0].is_alive():
            self._threads[0].join(max(0.0, half))
        for channel in self._channels:
            channel.close()
        for thread in self._threads[1:]:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))
        return not self.running

    def _detect(self, frame: Frame) -> Detection | None:
        if not self._fresh(frame, "detect"):
            return None
        if self._paused("detect"):
            return None
        start = time.perf_counter()
        detection = self._scanner.scan(frame)
        if detection.faces is None:
            self._metrics.unscanned()
        else:
            self._metrics.worked("detect", time.perf_counter() - start)
        return detection

    def _classify(self, detection: Detection) -> Observation | None:
        frame, faces = detection.frame, detection.faces
        if not self._fresh(frame, "classify") or self._paused("classify"):
            return None
        with self._metrics.stage("classify"):
            if faces is None:
                return Observation(frame, None, looked=False)
            counting = tuple(face for face in faces if face.counts)
            others = tuple(face.box for face in faces if not face.counts)
            readings = self._classifier.read(frame, counting)
            return Observation(frame, readings, others, detection.looked)

    def _publish(self, observation: Observation) -> None:
        if self._paused("publish"):
            return
        with self._metrics.stage("publish"):
            self._sink.accept(observation)
            self._last_out = time.monotonic()
            self._metrics.published(observation.frame, self._last_out)
        self._waiting_since = None

    def _paused(self, stage: str) -> bool:
        """Return whether the camera is paused; drop and count what was on its way.

        A clip waits where it is, and loses nothing.
        """
        while self._scanner.paused and not self._live and not self._stop.is_set():
            if stage == "publish":
                self._sink.idle()
            self._stop.wait(_IDLE_SECONDS)
        if not self._scanner.paused:
            return False
        self._drop(stage, "paused")
        return True

    def _fresh(self, frame: Frame, stage: str) -> bool:
        """Return whether a frame is worth the work; drop and count it if not."""
        now = time.monotonic()
        # On a box that is slower than that, some frame must get through.
        starving = now - self._last_out > self._max_age
        if not self._live or starving or now - frame.captured <= self._max_age:
            return True
        self._drop(stage, "age")
        return False

    def _drop(self, stage: str, reason: str) -> None:
        self._waiting_since = None  # the stage that drops it does not hang
        self._metrics.dropped(stage, reason)

    def _stage(
        self, name: str, work: Callable[[], None], *channels: Channel[Any]
    ) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except Closed:
                pass
            except BaseException as error:  # noqa: BLE001 - whatever ends a stage is its error
                self._error = self._error or error
                self._stop.set()
            finally:
                for channel in channels:
                    channel.close()

        return threading.Thread(target=run, name=name, daemon=True)


def _transform(inbox: Channel[In], work: Callable[[In], Out | None], outbox: Channel[Out]) -> None:
    for item in inbox:
        result = work(item)
        if result is not None:
            outbox.put(result)


def _drain(inbox: Channel[In], work: Callable[[In], None], sink: Sink) -> None:
    try:
        while True:
            item = inbox.get(_IDLE_SECONDS)
            if item is None:
                sink.idle()
            else:
                work(item)
    except Closed:
        sink.close()
    except BaseException:
        with suppress(Exception):  # the first error is the one to report
            sink.close()
        raise
