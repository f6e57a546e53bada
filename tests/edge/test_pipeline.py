"""The pipeline with sources and sinks of our own making, and real stages between."""

import threading
import time

import numpy as np
import pytest

from edge.capture.loop import SourceStatus
from edge.capture.source import EndOfVideo, Picture, SourceError
from edge.classify import Classifier
from edge.config import DetectConfig
from edge.detect import make_finder
from edge.errors import EdgeFerError
from edge.metrics import Metrics
from edge.pipeline import Pipeline
from edge.records import ImageArray, Observation
from edge.supervisor import Supervisor, TooManyRestarts

BLACK: ImageArray = np.zeros((40, 64, 3), np.uint8)


class FakeSource:
    """Gives black pictures; fails, ends or hangs after some."""

    def __init__(self, live: bool, frames: int, then: Exception | None = None) -> None:
        self.live = live
        self.description = "fake"
        self.opened = 0
        self.hangs = threading.Event()
        self.thaw = threading.Event()
        self._frames = frames
        self._then = then
        self._number = 0

    def open(self) -> None:
        self.opened += 1
        self._number = 0

    def read(self) -> Picture:
        if self._number == self._frames:
            if self._then is None:
                self.hangs.set()
                self.thaw.wait(5)  # as native code does: no stop wakes it
                raise SourceError("thawed")
            raise self._then
        self._number += 1
        return Picture(BLACK, None if self.live else self._number / 25)

    def close(self) -> None:
        pass


class FakeSink:
    """Keeps what it gets; may be slow, or fail."""

    def __init__(self, seconds: float = 0.0, error: Exception | None = None) -> None:
        self.numbers: list[int] = []
        self.statuses: list[SourceStatus] = []
        self.closed = False
        self._seconds = seconds
        self._error = error

    def accept(self, observation: Observation) -> None:
        time.sleep(self._seconds)
        if self._error is not None:
            raise self._error
        self.numbers.append(observation.frame.number)

    def idle(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def source_status(self, status: SourceStatus) -> None:
        self.statuses.append(status)


def pipeline(
    source: FakeSource, sink: FakeSink, classifier: Classifier, metrics: Metrics | None = None
) -> Pipeline:
    finder = make_finder(DetectConfig())
    return Pipeline(source, finder, classifier, sink, (metrics or Metrics()).camera("test"))


def finish(running: Pipeline, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while running.running and time.monotonic() < deadline:
        running.wait(0.05)
    assert not running.running


def test_every_frame_of_a_clip_arrives_in_order(classifier: Classifier) -> None:
    sink = FakeSink(0.002)
    clip = pipeline(FakeSource(live=False, frames=100, then=EndOfVideo()), sink, classifier)
    clip.start()
    finish(clip)
    assert clip.error is None
    assert sink.numbers == list(range(100))
    assert sink.statuses == [SourceStatus.ONLINE, SourceStatus.OFFLINE]
    assert sink.closed


def test_a_camera_that_is_too_fast_loses_frames_and_each_is_counted(classifier: Classifier) -> None:
    metrics = Metrics()
    sink = FakeSink(0.02)
    source = FakeSource(live=True, frames=300)
    camera = pipeline(source, sink, classifier, metrics)
    camera.start()
    assert source.hangs.wait(10)
    camera.join(time.monotonic() + 2)
    labels = {"camera": "test", "stage": "detect", "reason": "overflow"}
    dropped = metrics.registry.get_sample_value("edge_fer_frames_dropped_total", labels)
    assert dropped is not None
    assert dropped > 0
    assert len(sink.numbers) + dropped == 300
    assert sink.numbers == sorted(sink.numbers)


def test_a_camera_that_fails_is_opened_again(classifier: Classifier) -> None:
    sink = FakeSink()
    source = FakeSource(live=True, frames=3, then=SourceError("cable out"))
    camera = pipeline(source, sink, classifier)
    camera.start()
    deadline = time.monotonic() + 20
    while source.opened < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert camera.join(time.monotonic() + 2)
    assert source.opened >= 3
    assert camera.error is None
    assert sink.statuses[:3] == [
        SourceStatus.ONLINE, SourceStatus.RECONNECTING, SourceStatus.ONLINE,
    ]  # fmt: skip
    assert sink.statuses[-1] is SourceStatus.OFFLINE


def test_a_clip_that_fails_ends_the_pipeline_with_its_error(classifier: Classifier) -> None:
    error = SourceError("cut short")
    sink = FakeSink()
    clip = pipeline(FakeSource(live=False, frames=5, then=error), sink, classifier)
    clip.start()
    finish(clip)
    assert clip.error is error
    assert sink.numbers == [0, 1, 2, 3, 4]


def test_a_stage_that_dies_ends_the_others(classifier: Classifier) -> None:
    error = RuntimeError("disk full")
    source = FakeSource(live=False, frames=10_000, then=EndOfVideo())
    clip = pipeline(source, FakeSink(error=error), classifier)
    clip.start()
    finish(clip)
    assert clip.error is error


def test_stopping_does_not_wait_for_a_frozen_camera(classifier: Classifier) -> None:
    source = FakeSource(live=True, frames=3)
    sink = FakeSink()
    camera = pipeline(source, sink, classifier)
    camera.start()
    assert source.hangs.wait(5)
    start = time.monotonic()
    assert not camera.join(start + 1.0)
    assert time.monotonic() - start < 1.5
    assert sink.numbers


def test_a_dead_pipeline_is_built_anew_and_too_many_deaths_are_an_error(
    classifier: Classifier,
) -> None:
    now = [0.0]
    built: list[Pipeline] = []
    metrics = Metrics()

    def build() -> Pipeline:
        source = FakeSource(live=True, frames=100, then=SourceError("x"))
        sink = FakeSink(error=RuntimeError("bad day"))
        built.append(pipeline(source, sink, classifier))
        return built[-1]

    supervisor = Supervisor("door", build, metrics.camera("door"), clock=lambda: now[0])
    supervisor.start()

    def live_and_die() -> None:
        deadline = time.monotonic() + 10
        while built[-1].error is None and time.monotonic() < deadline:
            time.sleep(0.01)
        supervisor.poll()  # notices, plans
        assert not supervisor.ended
        now[0] += 60
        supervisor.poll()  # restarts

    for _ in range(5):
        live_and_die()
    assert len(built) == 6
    restarts = metrics.registry.get_sample_value(
        "edge_fer_pipeline_restarts_total", {"camera": "door"}
    )
    assert restarts == 5
    with pytest.raises(TooManyRestarts, match="RuntimeError: bad day"):
        live_and_die()
    assert issubclass(TooManyRestarts, EdgeFerError)


def test_a_pipeline_that_cannot_be_built_anew_is_tried_again(classifier: Classifier) -> None:
    now = [0.0]
    attempts: list[str] = []

    def build() -> Pipeline:
        attempts.append("built")
        if len(attempts) == 2:
            raise EdgeFerError("no camera at /dev/video9")
        source = FakeSource(live=True, frames=5)
        sink = FakeSink(error=RuntimeError("bad day") if len(attempts) == 1 else None)
        return pipeline(source, sink, classifier)

    supervisor = Supervisor("door", build, Metrics().camera("door"), clock=lambda: now[0])
    supervisor.start()
    deadline = time.monotonic() + 10
    while len(attempts) < 3 and time.monotonic() < deadline:
        now[0] += 10
        supervisor.poll()
        time.sleep(0.02)
    assert len(attempts) == 3
    assert not supervisor.ended
    supervisor.join(time.monotonic() + 1)


def test_a_capture_thread_that_was_left_behind_says_nothing_more(classifier: Classifier) -> None:
    source = FakeSource(live=True, frames=3)
    sink = FakeSink()
    metrics = Metrics()
    camera = pipeline(source, sink, classifier, metrics)
    camera.start()
    assert source.hangs.wait(5)
    assert not camera.join(time.monotonic() + 0.5)
    before = list(sink.statuses)
    metrics.source_up.labels("test").set(1)  # its successor's frames come
    source.thaw.set()
    finish(camera)
    assert sink.statuses == before
    assert metrics.registry.get_sample_value("edge_fer_source_up", {"camera": "test"}) == 1


def test_a_pipeline_that_never_started_has_ended(classifier: Classifier) -> None:
    never = pipeline(FakeSource(live=True, frames=1), FakeSink(), classifier)
    assert never.join(time.monotonic() + 1)
