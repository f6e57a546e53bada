import pytest

from edge.track.tally import HOUR, MINUTE, Tally


def watch(tally: Tally, start: float, frames: int, fps: float, *labels: str) -> None:
    for number in range(frames + 1):
        tally.add(start + number / fps, labels, longest=1.0)  # type: ignore[arg-type]


def test_two_happy_faces_are_two_seconds_a_second() -> None:
    tally = Tally()
    watch(tally, 0.0, 250, 25, "happy", "happy")
    assert tally.seconds(10.0, MINUTE)["happy"] == pytest.approx(20.0)
    assert tally.seconds(10.0, MINUTE)["sad"] == 0


def test_the_minute_forgets_what_the_hour_keeps_and_that_ends_too() -> None:
    tally = Tally()
    watch(tally, 0.0, 20, 2, "sad")
    assert tally.seconds(90.0, MINUTE)["sad"] == 0
    assert tally.seconds(90.0, HOUR)["sad"] == pytest.approx(10.0)
    assert tally.seconds(9000.0, HOUR)["sad"] == 0


def test_what_nobody_watched_does_not_count() -> None:
    tally = Tally()
    watch(tally, 0.0, 1, 2, "happy")
    watch(tally, 500.0, 1, 2, "happy")
    assert tally.seconds(501.0, HOUR)["happy"] == pytest.approx(1.0)


@pytest.mark.parametrize("step", [0.04, 1e6])
def test_a_clock_that_is_set_back_loses_nothing(step: float) -> None:
    tally = Tally()
    watch(tally, 1e6, 250, 25, "happy")
    watch(tally, 1e6 + 10 - step, 250, 25, "happy")
    assert tally.seconds(1e6 + 20 - step, HOUR)["happy"] == pytest.approx(20.0, abs=0.2)


def test_rare_frames_count_where_that_is_how_the_camera_is_watched() -> None:
    tally = Tally()
    for number in range(11):
        tally.add(number * 2.0, ["happy"], longest=5.0)
    assert tally.seconds(20.0, MINUTE)["happy"] == pytest.approx(20.0)
