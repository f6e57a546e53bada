"""The capture stage with sources that fail in every way, and the health that follows."""

import itertools
import math
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from prometheus_client import CollectorRegistry

from edge.capture.collector import SourceCollector
from edge.capture.health import SourceHealth
from edge.capture.pace import Pace
from edge.capture.source import EndOfVideo, Source, SourceError
from edge.capture.stage import CaptureStage, CaptureStuck
from edge.capture.state import MOVES, SourceState
from edge.config import CaptureConfig
from edge.errors import ConfigError
from edge.metrics import Metrics
from edge.records import Frame, ImageArray
from tests.support.fake_source import FakeSource
from tests.support.system import eventually

S = SourceState
LIMIT = 0.8


class Running:
    """A capture stage on its own thread."""

    def __init__(self, make: Callable[[], Source], live: bool, fps: float | None) -> None:
        self.stop = threading.Event()
        self.states: list[SourceState] = []
        self.frames: list[Frame] = []
        self.health = SourceHealth(self.states.append)
        self.error: BaseException | None = None
        self._stage = CaptureStage(
            make,
            live,
            self.frames.append,
            CaptureConfig(stall_seconds=LIMIT, fps=fps),
            self.stop,
            Metrics().camera("door"),
            self.health,
        )
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self._stage.run()
        except Exception as error:  # noqa: BLE001 - kept for the test to look at
            self.error = error


Run = Callable[..., Running]


@pytest.fixture
def run() -> Iterator[Run]:
    started: list[Running] = []

    def start(make: Callable[[], Source], live: bool = True, fps: float | None = None) -> Running:
        started.append(Running(make, live, fps))
        return started[-1]

    yield start
    for stage in started:
        stage.stop.set()
        stage.thread.join(20)
        assert not stage.thread.is_alive()


@pytest.mark.parametrize(("before", "after"), list(itertools.product(S, S)))
def test_only_the_moves_that_are_written_down_are_made(before: S, after: S) -> None:
    way = _way_to(before)
    moves: list[S] = []
    health = SourceHealth(moves.append)
    for state in way:
        health.move(state)
    moves.clear()
    if after is before:
        assert not health.move(after)
        assert moves == []
    elif after in MOVES[before]:
        assert health.move(after)
        assert (moves, health.state) == ([after], after)
    else:
        with pytest.raises(ValueError, match=f"is {before.value} cannot be {after.value}"):
            health.move(after)
        assert health.state is before


def _way_to(state: S) -> list[S]:
    ways: dict[S, list[S]] = {S.STARTING: []}
    while state not in ways:
        for here, way in list(ways.items()):
            for there in MOVES[here]:
                ways.setdefault(there, [*way, there])
    return ways[state]


def test_a_camera_that_falls_silent_is_stalled_and_its_reader_replaced(run: Run) -> None:
    silent, well = (
        FakeSource(live=True, frames=3),
        FakeSource(live=True, frames=10**6, seconds=0.01),
    )
    sources = iter([silent, well])
    stage = run(lambda: next(sources))
    assert silent.hangs.wait(30)
    last = stage.frames[-1].captured
    eventually(lambda: S.STALLED in stage.states, 10)
    assert time.monotonic() - last > 0.9 * LIMIT
    eventually(lambda: len(stage.frames) > 10 and stage.states[-1] is S.ONLINE, 10)
    assert stage.states == [S.ONLINE, S.STALLED, S.RECONNECTING, S.ONLINE]
    assert (stage.health.stalls, stage.health.abandoned, stage.health.reconnects) == (1, 1, 1)
    silent.thaw.set()
    eventually(lambda: silent.closed == 1, 5, "the reader that was left behind lets go")


def test_a_camera_that_goes_on_after_a_stall_is_online_without_a_new_connection(run: Run) -> None:
    class Slow(FakeSource):
        def grab(self) -> float | None:
            position = super().grab()
            if self._number == 5:
                self.hangs.set()
                self.thaw.wait(30)
            return position

    source = Slow(live=True, frames=10**6, seconds=0.01)
    stage = run(lambda: source)
    eventually(lambda: S.STALLED in stage.states, 10)
    source.thaw.set()
    eventually(lambda: stage.states[-2:] == [S.STALLED, S.ONLINE], 10)
    assert stage.states == [S.ONLINE, S.STALLED, S.ONLINE]
    assert source.opened == 1


def test_a_camera_that_is_not_there_is_offline_after_some_attempts(run: Run) -> None:
    class Absent(FakeSource):
        def open(self) -> None:
            super().open()
            raise SourceError("connection refused")

    source = Absent(live=True, frames=1)
    stage = run(lambda: source)
    eventually(lambda: stage.health.state is S.OFFLINE, 20)
    assert stage.states == [S.RECONNECTING, S.OFFLINE]
    assert source.opened == 3
    assert source.closed == 3


def test_a_source_that_cannot_be_made_is_tried_again(run: Run) -> None:
    made: list[Source] = []

    def make() -> Source:
        made.append(FakeSource(live=True, frames=10**6, seconds=0.01))
        if len(made) < 3:
            raise ConfigError("no video at clip.mp4")
        return made[-1]

    stage = run(make)
    eventually(lambda: stage.health.state is S.ONLINE, 20)


def test_few_readers_hang_and_none_for_ever(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.capture.stage._HOPELESS_SECONDS", 15.0)
    sources: list[FakeSource] = []

    def make() -> Source:
        sources.append(FakeSource(live=True, frames=1))
        return sources[-1]

    stage = run(make)
    eventually(lambda: stage.health.abandoned == 3, 40)
    assert stage.error is None
    eventually(lambda: stage.error, 40)
    assert isinstance(stage.error, CaptureStuck)
    assert "a reader has hung for" in str(stage.error)
    assert len(sources) == 3, "no more are started while three hang"
    for source in sources:
        source.thaw.set()


def test_a_reader_that_comes_back_makes_room(run: Run) -> None:
    hanging = [FakeSource(live=True, frames=1) for _ in range(3)]
    sources = iter([*hanging, FakeSource(live=True, frames=10**6, seconds=0.01)])
    stage = run(lambda: next(sources))
    eventually(lambda: stage.health.abandoned == 3, 40)
    time.sleep(1)
    assert len(stage.frames) == 3
    hanging[0].thaw.set()
    eventually(lambda: len(stage.frames) > 10, 10)
    for source in hanging:
        source.thaw.set()


def test_an_error_that_no_source_should_raise_costs_an_attempt(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    sources: list[FakeSource] = []

    def make() -> Source:
        bad = len(sources) < 2
        error = AttributeError("no codec") if bad else None
        sources.append(FakeSource(True, 2 if bad else 10**6, error, seconds=0.01))
        return sources[-1]

    stage = run(make)
    eventually(lambda: len(stage.frames) > 20, 30)
    assert stage.error is None
    assert len([r for r in caplog.records if r.exc_info]) == 1, "the traceback is told once"


def test_a_camera_of_damaged_pictures_only_is_never_online(run: Run) -> None:
    class Damaged(FakeSource):
        def retrieve(self) -> ImageArray | None:
            self.damaged += 1
            return None

    sources: list[FakeSource] = []

    def make() -> Source:
        sources.append(Damaged(live=True, frames=10**6, seconds=0.01))
        return sources[-1]

    stage = run(make)
    eventually(lambda: stage.health.state is S.OFFLINE, 20)
    assert stage.states == [S.RECONNECTING, S.OFFLINE]
    assert stage.health.abandoned == 0
    assert all(source.damaged > 5 for source in sources[:3])


def test_skipped_pictures_do_not_hide_that_the_others_are_damaged(run: Run) -> None:
    class Damaged(FakeSource):
        def retrieve(self) -> ImageArray | None:
            self.damaged += self.retrieved > 0
            return super().retrieve() if self.retrieved == 0 else None

    stage = run(lambda: Damaged(live=True, frames=10**6, seconds=0.01), fps=20)
    eventually(lambda: S.RECONNECTING in stage.states, 10)
    assert stage.health.abandoned == 0


def test_a_hang_that_is_over_does_not_end_the_process(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.capture.stage._HOPELESS_SECONDS", 3.0)
    first = FakeSource(live=True, frames=1)
    sources = iter([first, *(FakeSource(True, 150, SourceError("out"), seconds=0.01),) * 9])
    stage = run(lambda: next(sources))
    eventually(lambda: stage.health.reconnects >= 2, 30)
    eventually(lambda: len(stage.frames) > 450, 60)
    assert stage.error is None
    assert stage.health.abandoned == 1
    first.thaw.set()


def test_a_clip_whose_later_stage_died_can_be_played_again(run: Run) -> None:
    stage = run(lambda: FakeSource(live=False, frames=3, then=EndOfVideo()), live=False)
    stage.thread.join(20)
    again = threading.Thread(target=stage._stage.run)
    again.start()
    again.join(20)
    assert stage.states == [S.ONLINE, S.ENDED, S.RECONNECTING, S.ONLINE, S.ENDED]


def test_a_clip_that_pauses_before_its_end_ends(run: Run) -> None:
    class Paused(FakeSource):
        def grab(self) -> float | None:
            if self._number == 3:
                self.thaw.wait(30)
            return super().grab()

    source = Paused(live=True, frames=3, then=EndOfVideo())
    stage = run(lambda: source)
    eventually(lambda: S.STALLED in stage.states, 10)
    source.thaw.set()
    eventually(lambda: stage.health.state is S.ENDED, 10)
    assert stage.error is None


def test_a_damaged_clip_is_offline_and_an_error(run: Run) -> None:
    stage = run(lambda: FakeSource(live=False, frames=3, then=SourceError("cut short")), live=False)
    eventually(lambda: stage.error, 10)
    assert stage.states[-1] is S.OFFLINE
    assert len(stage.frames) == 3


def test_a_clip_ends(run: Run) -> None:
    stage = run(lambda: FakeSource(live=False, frames=3, then=EndOfVideo()), live=False)
    eventually(lambda: stage.health.state is S.ENDED, 10)
    assert stage.error is None
    assert [frame.number for frame in stage.frames] == [0, 1, 2]


def test_the_stage_stops_while_a_reader_hangs(run: Run) -> None:
    source = FakeSource(live=True, frames=1)
    stage = run(lambda: source)
    assert source.hangs.wait(30)
    stage.stop.set()
    stage.thread.join(20)
    assert not stage.thread.is_alive()
    source.thaw.set()


def test_damaged_pictures_are_counted() -> None:
    class Damaged(FakeSource):
        def grab(self) -> float | None:
            self.damaged += 2
            return super().grab()

    metrics = Metrics()
    source = Damaged(live=False, frames=10, then=EndOfVideo())
    health = SourceHealth()
    stage = CaptureStage(
        lambda: source,
        False,
        lambda _: None,
        CaptureConfig(),
        threading.Event(),
        metrics.camera("door"),
        health,
    )
    stage.run()
    labels = {"camera": "door", "stage": "capture", "reason": "corrupt"}
    assert metrics.registry.get_sample_value("edge_fer_frames_dropped_total", labels) == 22


def test_the_hour_that_is_judged() -> None:
    now = [0.0]
    health = SourceHealth(clock=lambda: now[0])

    def after(seconds: float, state: S) -> None:
        now[0] += seconds
        health.move(state)

    after(7, S.RECONNECTING)  # from here on it is judged
    after(10, S.ONLINE)
    now[0] += 90
    seen = health.connection()
    assert (seen.online, seen.quality, seen.frame_age) == (0.9, "fair", None)
    after(0, S.STALLED)
    health.reconnecting()
    after(0, S.RECONNECTING)
    after(100, S.ONLINE)
    health.frame(now[0])
    now[0] += 3600
    assert health.offline_seconds == pytest.approx(117)
    assert health.connection().offline_seconds == pytest.approx(117)
    seen = health.connection()
    assert (seen.online, seen.quality) == (1.0, "good")
    assert (seen.reconnects, seen.stalls) == (0, 0), "more than an hour ago"
    assert (health.reconnects, health.stalls) == (1, 1), "since the start"
    assert seen.frame_age == 3600
    after(0, S.RECONNECTING)
    now[0] += 1800
    assert health.connection().online == pytest.approx(0.5)
    assert health.connection().quality == "poor"


def test_an_hour_of_failures_is_not_kept_for_ever() -> None:
    now = [0.0]
    health = SourceHealth(clock=lambda: now[0])
    health.move(S.RECONNECTING)
    for _ in range(5000):
        now[0] += 10
        health.move(S.ONLINE)
        health.reconnecting()
        now[0] += 10
        health.move(S.RECONNECTING)
    assert len(health._moves) < 400
    assert health.connection().reconnects == 180
    assert health.connection().online == pytest.approx(0.5, abs=0.01)


def test_prometheus_sees_the_source() -> None:
    now = [0.0]
    health = SourceHealth(clock=lambda: now[0])
    registry = CollectorRegistry()
    registry.register(SourceCollector({"door": health}))

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"edge_fer_source_{name}", {"camera": "door", **labels})

    assert value("last_frame_age_seconds") == math.inf
    now[0] = 5
    health.move(S.ONLINE)
    health.frame(5.0)
    now[0] = 15
    assert (value("up"), value("last_frame_age_seconds")) == (1, 10)
    assert (value("state", state="online"), value("state", state="stalled")) == (1, 0)
    assert value("offline_seconds_total") == 5
    assert value("online_ratio") == 1
    assert (value("reconnects_total"), value("stalls_total"), value("abandoned_total")) == (0, 0, 0)


@pytest.mark.parametrize("wanted", [1, 7, 10, 12.5, 24, 25, 30])
def test_the_pace_is_the_wanted_one_and_even(wanted: float) -> None:
    pace = Pace(wanted)
    jitter = [0.0, 0.004, -0.003, 0.006, -0.005]
    times = [number / 25 + jitter[number % 5] for number in range(2500)]
    kept = [moment for moment in times if pace.due(moment)]
    assert len(kept) == pytest.approx(100 * min(wanted, 25), rel=0.02)
    gaps = [late - early for early, late in itertools.pairwise(kept)]
    assert max(gaps) < 1 / min(wanted, 25) + 1.5 / 25


def test_the_pace_goes_on_after_a_gap_and_after_a_jump_back() -> None:
    pace = Pace(10)
    assert sum(pace.due(number / 25) for number in range(250)) == 100
    assert sum(pace.due(100 + number / 25) for number in range(250)) == 100
    assert sum(pace.due(number / 25) for number in range(250)) == 100
