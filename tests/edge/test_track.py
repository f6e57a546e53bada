import numpy as np

from edge.config import TrackConfig
from edge.emotions import EMOTIONS
from edge.records import Box, Event, Frame, Observation, Reading
from edge.track import Tracker

IMAGE = np.zeros((100, 100, 3), np.uint8)


def reading(x: int, label: str, sure: float = 0.94) -> Reading:
    rest = (1 - sure) / 6
    return Reading(Box(x, 10, 20, 20), tuple(sure if e == label else rest for e in EMOTIONS))


def see(tracker: Tracker, time: float, *readings: Reading) -> list[tuple[str, int, str]]:
    frame = Frame(0, IMAGE, time, time, 0.0)
    return [_short(event) for event in tracker.update(Observation(frame, readings))]


def _short(event: Event) -> tuple[str, int, str]:
    return event.kind, event.track.id, event.track.reading.label


def test_a_face_that_moves_stays_the_same_one() -> None:
    tracker = Tracker(TrackConfig(min_hits=1))
    assert see(tracker, 0.0, reading(10, "happy")) == [("appeared", 1, "happy")]
    for step in range(1, 20):
        assert see(tracker, step / 25, reading(10 + 3 * step, "happy")) == []


def test_two_faces_keep_their_numbers_when_their_order_changes() -> None:
    tracker = Tracker(TrackConfig(min_hits=1))
    see(tracker, 0.0, reading(10, "happy"), reading(60, "sad"))
    assert see(tracker, 0.1, reading(60, "sad"), reading(12, "happy")) == []
    assert [track.reading.label for track in tracker.tracks] == ["happy", "sad"]


def test_a_face_missed_for_a_moment_is_not_lost() -> None:
    tracker = Tracker(TrackConfig(lost_seconds=1, min_hits=1))
    see(tracker, 0.0, reading(10, "happy"))
    assert see(tracker, 0.9) == []
    assert see(tracker, 0.95, reading(10, "happy")) == []


def test_a_face_away_too_long_is_lost_once_and_comes_back_as_another() -> None:
    tracker = Tracker(TrackConfig(lost_seconds=1, min_hits=1))
    see(tracker, 0.0, reading(10, "happy"))
    assert see(tracker, 0.5) == []
    assert see(tracker, 1.5) == [("lost", 1, "happy")]
    assert tracker.expire(9.0) == ()
    assert see(tracker, 9.0, reading(10, "happy")) == [("appeared", 2, "happy")]


def test_a_face_in_every_frame_of_a_slow_camera_is_one_face() -> None:
    tracker = Tracker(TrackConfig(lost_seconds=1, min_hits=1))
    see(tracker, 0.0, reading(10, "happy"))
    for second in (1.2, 2.4, 3.6):
        assert see(tracker, second, reading(10, "happy")) == []


def test_a_clock_that_jumps_back_loses_the_faces_from_before() -> None:
    tracker = Tracker(TrackConfig(lost_seconds=1, min_hits=1))
    see(tracker, 100.0, reading(10, "happy"))
    assert see(tracker, 0.0) == [("lost", 1, "happy")]


def test_one_odd_frame_does_not_change_the_label() -> None:
    tracker = Tracker(TrackConfig(min_hits=1))
    see(tracker, 0.0, reading(10, "happy"))
    for step in range(1, 50):
        label = "sad" if step % 10 == 0 else "happy"
        assert see(tracker, step / 25, reading(10, label)) == []


def test_a_change_that_holds_is_an_event_with_the_time_the_old_label_lasted() -> None:
    tracker = Tracker(TrackConfig(half_life_seconds=0.2, min_hits=1))
    see(tracker, 0.0, reading(10, "happy"))
    changes = []
    for step in range(1, 50):
        frame = Frame(0, IMAGE, 0.0, step / 25, 0.0)
        label = "happy" if step < 25 else "sad"
        changes += tracker.update(Observation(frame, (reading(10, label),)))
    (change,) = changes
    assert (change.kind, change.previous, change.track.reading.label) == ("changed", "happy", "sad")
    assert 1.0 < change.duration < 1.4


def test_a_shadow_that_passes_is_never_announced() -> None:
    tracker = Tracker(TrackConfig(lost_seconds=1, min_hits=3))
    assert see(tracker, 0.0, reading(10, "happy")) == []
    assert see(tracker, 0.1, reading(10, "happy")) == []
    assert tracker.tracks == ()
    assert see(tracker, 2.0) == []
    assert see(tracker, 3.0, reading(10, "sad")) == []
    assert see(tracker, 3.1, reading(10, "sad")) == []
    assert see(tracker, 3.2, reading(10, "sad")) == [("appeared", 2, "sad")]
    assert len(tracker.tracks) == 1
