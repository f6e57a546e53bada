import numpy as np
import pytest

from edge.capture.picture import ColourPicture
from edge.config import TrackConfig
from edge.emotions import EMOTIONS
from edge.records import Box, Event, Frame, Observation, Reading
from edge.track import Tracker
from edge.track.association import Motion, assign

IMAGE = np.zeros((100, 100, 3), np.uint8)


def reading(
    x: int, label: str, sure: float = 0.94, score: float = 0.9, quality: float = 1.0
) -> Reading:
    rest = (1 - sure) / 6
    probabilities = tuple(sure if e == label else rest for e in EMOTIONS)
    return Reading(Box(x, 10, 20, 20), probabilities, score, quality)


def see(tracker: Tracker, time: float, *readings: Reading) -> list[tuple[str, int, str]]:
    frame = Frame(0, ColourPicture(IMAGE), time, time, 0.0)
    return [_short(event) for event in tracker.update(Observation(frame, readings))]


def _short(event: Event) -> tuple[str, int, str]:
    return event.kind, event.track.id, event.track.label


def test_a_face_that_moves_stays_the_same_one() -> None:
    tracker = Tracker(TrackConfig(min_hits=1))
    assert see(tracker, 0.0, reading(10, "happy")) == [("appeared", 1, "happy")]
    for step in range(1, 20):
        assert see(tracker, step / 25, reading(10 + 3 * step, "happy")) == []


def test_two_faces_keep_their_numbers_when_their_order_changes() -> None:
    tracker = Tracker(TrackConfig(min_hits=1))
    see(tracker, 0.0, reading(10, "happy"), reading(60, "sad"))
    assert see(tracker, 0.1, reading(60, "sad"), reading(12, "happy")) == []
    assert [track.label for track in tracker.tracks] == ["happy", "sad"]


def test_a_face_missed_for_a_moment_is_not_lost() -> None:
    tracker = Tracker(TrackConfig(lost_seconds=1, min_hits=1))
    see(tracker, 0.0, reading(10, "happy"))
    assert see(tracker, 0.9) == []
    assert see(tracker, 0.95, reading(10, "happy")) == []


def test_a_face_away_too_long_is_lost_once_and_comes_back_as_another() -> None:
    tracker = Tracker(TrackConfig(lost_seconds=1, min_hits=1))
    see(tracker, 0.0, reading(10, "happy"))
    events = [event for step in range(1, 50) for event in see(tracker, step / 25)]
    assert events == [("lost", 1, "happy")]
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
    assert see(tracker, 0.1, reading(10, "sad")) == [("appeared", 2, "sad")]


def test_nobody_lives_on_over_a_clock_that_jumps_back() -> None:
    tracker = Tracker(TrackConfig(lost_seconds=1, min_hits=1))
    for step in range(100):
        see(tracker, 100 + step / 10, reading(10, "happy"))
    frame = Frame(0, ColourPicture(IMAGE), 0.0, 3.0, 0.0)
    lost, appeared = tracker.update(Observation(frame, (reading(10, "happy"),)))
    assert (lost.kind, appeared.kind) == ("lost", "appeared")
    assert 9.8 < lost.duration < 10.0


@pytest.mark.parametrize("seconds", [0.5, 1.25, 2.0, 10.0])
def test_a_face_before_a_slow_camera_is_one_face(seconds: float) -> None:
    tracker = Tracker(TrackConfig(lost_seconds=1, min_hits=3))
    events = []
    for step in range(20):
        events += see(tracker, step * seconds, reading(10, "happy"))
        for part in range(1, 10):  # time goes on between frames, as a live camera's does
            events += [_short(e) for e in tracker.expire((step + part / 10) * seconds)]
    assert events == [("appeared", 1, "happy")]
    gone = [_short(e) for part in range(100) for e in tracker.expire((20 + part / 10) * seconds)]
    assert gone == [("lost", 1, "happy")]


@pytest.mark.parametrize("every", [1, 10, 24, 26, 50, 100])
def test_a_face_that_is_looked_for_in_every_nth_frame_is_one_face(every: int) -> None:
    tracker = Tracker(TrackConfig(lost_seconds=1, min_hits=3))
    events = []
    for number in range(20 * every):
        seen = (reading(10, "happy"),) if number % every == 0 else None
        frame = Frame(0, ColourPicture(IMAGE), 0.0, number / 25, 0.0)
        events += [_short(e) for e in tracker.update(Observation(frame, seen))]
    assert events == [("appeared", 1, "happy")]


def test_a_shadow_that_passes_is_never_announced() -> None:
    tracker = Tracker(TrackConfig(lost_seconds=1, min_hits=3))
    assert see(tracker, 0.0, reading(10, "happy")) == []
    assert see(tracker, 0.1, reading(10, "happy")) == []
    assert tracker.tracks == ()
    assert [event for step in range(5, 70) for event in see(tracker, step / 25)] == []
    assert see(tracker, 3.0, reading(10, "sad")) == []
    assert see(tracker, 3.1, reading(10, "sad")) == []
    assert see(tracker, 3.2, reading(10, "sad")) == [("appeared", 1, "sad")]
    assert len(tracker.tracks) == 1


def test_a_low_score_keeps_a_track_and_begins_none() -> None:
    tracker = Tracker(TrackConfig(lost_seconds=1, min_hits=1, start_score=0.5))
    assert see(tracker, 0.0, reading(10, "happy", score=0.4)) == []
    assert tracker.tracks == ()
    see(tracker, 0.1, reading(10, "happy", score=0.6))
    for step in range(2, 30):
        assert see(tracker, step / 10, reading(10, "happy", score=0.4)) == []
    assert len(tracker.tracks) == 1


def test_a_false_face_now_and_then_is_never_announced() -> None:
    tracker = Tracker(TrackConfig(min_hits=3))
    for step in range(100):
        faces = (reading(10, "happy"),) if step % 4 == 0 else ()
        assert see(tracker, step / 25, *faces) == []


def test_numbers_have_no_gaps_though_shadows_pass() -> None:
    tracker = Tracker(TrackConfig(min_hits=2, lost_seconds=0.5))
    see(tracker, 0.0, reading(50, "sad"))
    for step in range(1, 5):
        see(tracker, step / 10, reading(10, "happy"))
    assert [track.id for track in tracker.tracks] == [1]


def test_frames_that_are_not_scanned_carry_a_face_along_its_way() -> None:
    tracker = Tracker(TrackConfig(min_hits=1))
    for step in range(25):
        see(tracker, step / 25, reading(10 + 2 * step, "happy"))
    frame = Frame(0, ColourPicture(IMAGE), 1.0, 1.08, 0.0)
    assert tracker.update(Observation(frame, None)) == ()
    (track,) = tracker.visible
    assert 60 <= track.box.x <= 68, "at 50 pixels a second"


def test_a_face_that_was_missed_is_drawn_for_a_moment_only() -> None:
    tracker = Tracker(TrackConfig(min_hits=1, lost_seconds=5))
    see(tracker, 0.0, reading(10, "happy"))
    see(tracker, 0.2)
    assert len(tracker.visible) == 1
    see(tracker, 2.0)
    assert tracker.visible == ()
    assert len(tracker.tracks) == 1


def test_a_face_that_crosses_another_keeps_its_number() -> None:
    tracker = Tracker(TrackConfig(min_hits=1))
    for step in range(60):
        right, left = reading(100 + 4 * step, "happy"), reading(340 - 4 * step, "sad")
        together = abs(right.box.x - left.box.x) < 12
        see(tracker, step / 25, *([right] if together else [right, left]))
    places = {track.id: track.box.x for track in tracker.tracks}
    assert places[1] > 300
    assert places[2] < 140


def test_the_assignment_is_the_best_of_all_not_the_best_pair_first() -> None:
    # Greedily the second track takes the first face, and leaves the first track a bad one.
    tracks = [Box(0, 0, 20, 20), Box(12, 0, 20, 20)]
    faces = [Box(8, 0, 20, 20), Box(22, 0, 20, 20)]
    assert assign(tracks, faces, 0.2) == {0: 0, 1: 1}
    assert assign(tracks, [], 0.2) == {}
    assert assign(tracks, [Box(500, 0, 20, 20)], 0.2) == {}


def test_a_motion_that_is_not_seen_comes_to_rest() -> None:
    motion = Motion(Box(0, 0, 20, 20), 0.0, (100.0, 0.0))
    assert motion.box_at(0.1).x == 9
    assert motion.box_at(60.0).x == 50
    assert motion.box_at(-1.0).x == 0


def test_a_lost_face_tells_how_long_its_label_lasted() -> None:
    tracker = Tracker(TrackConfig(min_hits=1, lost_seconds=1))
    for step in range(20):
        see(tracker, step / 10, reading(10, "happy"))
    (event,) = tracker.expire(10.0)
    assert (event.kind, event.previous) == ("lost", None)
    assert 1.8 < event.duration < 2.0
