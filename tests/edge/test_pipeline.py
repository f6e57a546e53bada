"""The pipeline with sources and sinks of our own making, and real stages between."""

import time

import pytest

from edge.capture.health import SourceHealth
from edge.capture.source import EndOfVideo, SourceError
from edge.capture.state import SourceState
from edge.classify import Classifier, PacedClassifier
from edge.config import CaptureConfig, DetectConfig
from edge.control import CameraControl
from edge.detect import make_finder
from edge.detect.scanner import Scanner
from edge.errors import EdgeFerError
from edge.metrics import Metrics
from edge.pipeline import Pipeline
from edge.records import Observation
from edge.supervisor import Supervisor, TooManyRestarts
from tests.support.fake_source import BLANK, FakeSource
from tests.support.system import eventually


class FakeSink:
    """Keeps what it gets; may be slow, or fail."""

    def __init__(self, seconds: float = 0.0, error: Exception | None = None) -> None:
        self.numbers: list[int] = []
        self.looked: set[bool] = set()
        self.closed = False
        self.idled = 0
        self._seconds = seconds
        self._error = error

    def accept(self, observation: Observation) -> None:
        time.sleep(self._seconds)
        if self._error is not None:
            raise self._error
        self.numbers.append(observation.frame.number)
        self.looked.add(observation.looked)

    def idle(self) -> None:
        self.idled += 1

    def close(self) -> None:
        self.closed = True


def pipeline(
    source: FakeSource,
    sink: FakeSink,
    classifier: Classifier,
    metrics: Metrics | None = None,
    states: list[SourceState] | None = None,
    control: CameraControl | None = None,
    **capture: float,
) -> Pipeline:
    health = SourceHealth((states if states is not None else []).append)
    return Pipeline(
        lambda: source,
        Scanner(make_finder(DetectConfig()), control=control),
        PacedClassifier(classifier),
        sink,
        (metrics or Metrics()).camera("test"),
        health,
        CaptureConfig.model_validate(capture),
    )


def dropped(metrics: Metrics, stage: str, reason: str) -> float:
    labels = {"camera": "test", "stage": stage, "reason": reason}
    value = metrics.registry.get_sample_value("edge_fer_frames_dropped_total", labels)
    assert value is not None
    return value


def all_dropped(metrics: Metrics) -> float:
    return sum(
        sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "edge_fer_frames_dropped_total"
    )


def finish(running: Pipeline, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while running.running and time.monotonic() < deadline:
        running.wait(0.05)
    assert not running.running


def test_every_frame_of_a_clip_arrives_in_order(classifier: Classifier) -> None:
    sink, states = FakeSink(0.002), list[SourceState]()
    source = FakeSource(live=False, frames=100, then=EndOfVideo())
    clip = pipeline(source, sink, classifier, states=states)
    clip.start()
    finish(clip)
    assert clip.error is None
    assert sink.numbers == list(range(100))
    assert states == [SourceState.ONLINE, SourceState.ENDED]
    assert sink.closed


@pytest.mark.parametrize("detector", ["on", "off"])
def test_the_last_stage_knows_whether_anyone_looked(detector: str, classifier: Classifier) -> None:
    sink, control = FakeSink(), CameraControl()
    control.obey(f"detector {detector}")
    clip = pipeline(FakeSource(False, 5, EndOfVideo()), sink, classifier, control=control)
    clip.start()
    finish(clip)
    assert sink.looked == {detector == "on"}


def test_a_clip_that_is_paused_waits_and_loses_nothing(classifier: Classifier) -> None:
    metrics, control, sink = Metrics(), CameraControl(), FakeSink(0.002)
    source = FakeSource(live=False, frames=100, then=EndOfVideo())
    clip = pipeline(source, sink, classifier, metrics, control=control)
    clip.start()
    eventually(lambda: len(sink.numbers) > 5)
    control.obey("pause")
    before = sink.idled  # it idles also while it waits for a slow stage before it
    eventually(lambda: sink.idled > before + 3, what="the publish stage waiting")
    there, since = len(sink.numbers), time.monotonic()
    while time.monotonic() - since < 2:
        assert clip.stuck_seconds == 0
        time.sleep(0.05)
    assert clip.running
    assert len(sink.numbers) == there < 100
    control.obey("resume")
    assert clip.stuck_seconds < 1.5, "the pause is no hang, also not afterwards"
    finish(clip)
    assert sink.numbers == list(range(100))


def test_a_clip_that_is_paused_can_be_stopped(classifier: Classifier) -> None:
    metrics, control, sink = Metrics(), CameraControl(), FakeSink(0.002)
    source = FakeSource(live=False, frames=100, then=EndOfVideo())
    clip = pipeline(source, sink, classifier, metrics, control=control)
    clip.start()
    eventually(lambda: len(sink.numbers) > 5)
    control.obey("pause")
    assert clip.join(time.monotonic() + 10)
    assert sink.closed


def test_a_camera_that_is_too_fast_loses_frames_and_each_is_counted(classifier: Classifier) -> None:
    metrics = Metrics()
    sink = FakeSink(0.02)
    source = FakeSource(live=True, frames=300)
    camera = pipeline(source, sink, classifier, metrics)
    camera.start()
    assert source.hangs.wait(30)
    eventually(lambda: len(sink.numbers) + all_dropped(metrics) == 300, 20, "every frame's end")
    assert camera.join(time.monotonic() + 20)
    assert dropped(metrics, "detect", "overflow") > 0
    assert sink.numbers == sorted(sink.numbers)


def test_a_camera_that_fails_is_opened_again(classifier: Classifier) -> None:
    states = list[SourceState]()
    source = FakeSource(live=True, frames=3, then=SourceError("cable out"))
    camera = pipeline(source, FakeSink(), classifier, states=states)
    camera.start()
    deadline = time.monotonic() + 20
    while source.opened < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert camera.join(time.monotonic() + 20)
    assert source.opened >= 3
    assert camera.error is None
    assert states[:3] == [SourceState.ONLINE, SourceState.RECONNECTING, SourceState.ONLINE]
    assert states[-1] is SourceState.RECONNECTING


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
    assert source.hangs.wait(30)
    assert camera.join(time.monotonic() + 20), "all stages end; the reader is left behind"
    assert not source.thaw.is_set()
    assert sink.numbers
    source.thaw.set()


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

    supervisor = Supervisor(
        "door", build, metrics.camera("door"), SourceHealth(), clock=lambda: now[0]
    )
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

    supervisor = Supervisor("door", build, Metrics().camera("door"), SourceHealth(), lambda: now[0])
    supervisor.start()
    deadline = time.monotonic() + 10
    while len(attempts) < 3 and time.monotonic() < deadline:
        now[0] += 10
        supervisor.poll()
        time.sleep(0.02)
    assert len(attempts) == 3
    assert not supervisor.ended
    supervisor.join(time.monotonic() + 1)


def test_a_pipeline_that_never_started_has_ended(classifier: Classifier) -> None:
    never = pipeline(FakeSource(live=True, frames=1), FakeSink(), classifier)
    assert never.join(time.monotonic() + 1)


def test_a_stage_that_hangs_is_noticed_and_its_pipeline_replaced(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.supervisor._STUCK_SECONDS", 1.5)
    sinks = [FakeSink(seconds=5.0), FakeSink()]
    built: list[Pipeline] = []

    def build() -> Pipeline:
        source = FakeSource(live=True, frames=10_000, seconds=0.01)
        built.append(pipeline(source, sinks[min(len(built), 1)], classifier))
        return built[-1]

    supervisor = Supervisor("door", build, Metrics().camera("door"), SourceHealth())
    supervisor.start()
    deadline = time.monotonic() + 20
    while not sinks[1].numbers and time.monotonic() < deadline:
        supervisor.poll()
        time.sleep(0.02)
    assert sinks[1].numbers
    supervisor.join(time.monotonic() + 1)


def test_old_frames_are_dropped_before_work_is_spent_on_them(classifier: Classifier) -> None:
    metrics, sink = Metrics(), FakeSink(0.15)
    source = FakeSource(live=True, frames=60, seconds=0.01)
    camera = pipeline(source, sink, classifier, metrics, max_age_seconds=0.2)
    camera.start()
    assert source.hangs.wait(30)
    assert camera.join(time.monotonic() + 20)
    assert dropped(metrics, "classify", "age") > 0
    source.thaw.set()


def test_a_box_that_is_slower_than_the_age_still_says_something(classifier: Classifier) -> None:
    metrics, sink = Metrics(), FakeSink(0.3)
    source = FakeSource(live=True, frames=10**6, seconds=0.01)
    camera = pipeline(source, sink, classifier, metrics, max_age_seconds=0.05)
    camera.start()
    eventually(lambda: len(sink.numbers) > 3)
    assert camera.join(time.monotonic() + 20)
    source.thaw.set()


def test_a_camera_that_shows_nothing_is_online_and_not_classified(classifier: Classifier) -> None:
    metrics, sink, states = Metrics(), FakeSink(), list[SourceState]()
    source = FakeSource(live=True, frames=20, picture=BLANK)
    camera = pipeline(source, sink, classifier, metrics, states)
    camera.start()
    assert source.hangs.wait(30)
    eventually(lambda: states, what="a first move")
    assert camera.join(time.monotonic() + 20)
    assert dropped(metrics, "capture", "blank") == 20
    assert not sink.numbers
    assert states[0] is SourceState.ONLINE
    source.thaw.set()


def test_fewer_frames_by_skipping(classifier: Classifier) -> None:
    metrics, sink = Metrics(), FakeSink()
    source = FakeSource(live=False, frames=100, then=EndOfVideo())
    clip = pipeline(source, sink, classifier, metrics, fps=10)
    clip.start()
    finish(clip)
    assert len(sink.numbers) == 40, "25 a second in, 10 out, of 4 s"
    assert sink.numbers == list(range(40))
    assert dropped(metrics, "capture", "fps") == 60
    assert source.retrieved == 40
