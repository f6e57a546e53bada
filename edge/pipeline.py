"""One camera's pipeline: a thread a stage, joined by bounded channels."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Protocol, TypeVar

from edge.capture.loop import SourceStatus, capture
from edge.capture.source import Source
from edge.channel import Channel, Closed, Overflow
from edge.classify import Classifier
from edge.detect import FaceFinder
from edge.metrics import CameraMetrics
from edge.records import Detection, Frame, Observation

In = TypeVar("In")
Out = TypeVar("Out")

_IDLE_SECONDS: Final = 0.25


class Sink(Protocol):
    """Where observations go: MQTT and the stream, or a file of JSON lines."""

    def accept(self, observation: Observation) -> None:
        """Take the next frame's observation."""
        ...

    def idle(self) -> None:
        """Do what time alone asks for; called a few times a second without a frame."""
        ...

    def close(self) -> None:
        """Finish; nothing comes any more."""
        ...

    def source_status(self, status: SourceStatus) -> None:
        """Take a change of the source's status, on the capture thread."""
        ...


class Pipeline:
    """The four stages of a camera, from the source to a sink.

    Data flows one way::

        capture --frames--> detect --detections--> classify --observations--> publish

    The channel of frames is where a live camera's frames are dropped, before any work is spent on
    them; the others wait, and so slow the first. A stage that ends closes the channels on both
    sides of it: those before it stop, those after it finish what is queued.

    Parameters
    ----------
    source
        Opened by the capture stage; its kind decides whether frames are dropped or wait.
    finder, classifier
        Used by one thread each.
    sink
        Takes every observation, in order.
    metrics
        Counts and times each stage.
    """

    def __init__(
        self,
        source: Source,
        finder: FaceFinder,
        classifier: Classifier,
        sink: Sink,
        metrics: CameraMetrics,
    ) -> None:
        overflow = Overflow.DROP_OLDEST if source.live else Overflow.WAIT
        frames = Channel[Frame](1 if source.live else 4, overflow, lambda _: metrics.overflowed())
        detections = Channel[Detection](2)
        observations = Channel[Observation](2)

        def detect(frame: Frame) -> Detection:
            return Detection(frame, finder.find(frame.image))

        def classify(detection: Detection) -> Observation:
            frame = detection.frame
            return Observation(frame, classifier.read(frame.image, detection.faces))

        def publish(observation: Observation) -> None:
            sink.accept(observation)
            metrics.published(observation, time.monotonic())

        def source_status(status: SourceStatus) -> None:
            # A capture thread that was left behind must not speak for its successor.
            if not self._abandoned.is_set():
                metrics.source_up(status is SourceStatus.ONLINE)
                sink.source_status(status)

        self._stop = threading.Event()
        self._abandoned = threading.Event()
        self._channels: tuple[Channel[Any], ...] = (frames, detections, observations)
        self._error: BaseException | None = None
        self._threads = [
            self._stage(
                "capture",
                lambda: capture(source, frames, self._stop, metrics, source_status),
                frames,
            ),
            self._stage(
                "detect",
                lambda: _transform(frames, detect, detections, metrics, "detect"),
                frames,
                detections,
            ),
            self._stage(
                "classify",
                lambda: _transform(detections, classify, observations, metrics, "classify"),
                detections,
                observations,
            ),
            self._stage(
                "publish", lambda: _drain(observations, publish, sink, metrics), observations
            ),
        ]

    def start(self) -> None:
        """Start the stages."""
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
        # A frozen camera keeps capture in native code: what it would still bring is not waited for.
        if self._threads[0].is_alive():
            self._threads[0].join(max(0.0, half))
        for channel in self._channels:
            channel.close()
        for thread in self._threads[1:]:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))
        if self.running:
            self._abandoned.set()
        return not self.running

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


def _transform(
    inbox: Channel[In],
    work: Callable[[In], Out],
    outbox: Channel[Out],
    metrics: CameraMetrics,
    stage: str,
) -> None:
    for item in inbox:
        with metrics.stage(stage):
            result = work(item)
        outbox.put(result)


def _drain(
    inbox: Channel[In], work: Callable[[In], None], sink: Sink, metrics: CameraMetrics
) -> None:
    try:
        while True:
            item = inbox.get(_IDLE_SECONDS)
            if item is None:
                sink.idle()
                continue
            with metrics.stage("publish"):
                work(item)
    except Closed:
        sink.close()
    except BaseException:
        with suppress(Exception):  # the first error is the one to report
            sink.close()
        raise
