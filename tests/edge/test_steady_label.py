import pytest

from edge.config import TrackConfig
from edge.emotions import EMOTIONS
from edge.records import Box, Reading
from edge.track.steady import Ended, SteadyLabel


def reading(label: str, sure: float = 0.94, quality: float = 1.0) -> Reading:
    rest = (1 - sure) / 6
    probabilities = tuple(sure if e == label else rest for e in EMOTIONS)
    return Reading(Box(0, 0, 20, 20), probabilities, 1.0, quality)


def settled(config: TrackConfig, *readings: Reading) -> SteadyLabel:
    steady = SteadyLabel(config)
    for number, one in enumerate(readings):
        steady.read(one, number / 25 - len(readings) / 25, 0.0)
    steady.settle(0.0, 1000.0)
    return steady


def feed(steady: SteadyLabel, *labels: str, fps: float = 25.0, **kind: float) -> list[Ended]:
    """Read a label a frame, from second 0 on; return what ended."""
    ended = [
        steady.read(reading(label, **kind), number / fps, 1000 + number / fps)
        for number, label in enumerate(labels)
    ]
    return [end for end in ended if end is not None]


def test_single_odd_frames_change_nothing() -> None:
    steady = settled(TrackConfig(), reading("happy"))
    noisy = ["sad" if number % 5 == 0 else "happy" for number in range(200)]
    assert feed(steady, *noisy) == []
    assert steady.label == "happy"


def test_a_change_that_holds_is_told_with_the_time_that_the_old_label_lasted() -> None:
    steady = settled(TrackConfig(half_life_seconds=0.2, min_hold_seconds=0.4), reading("happy"))
    (ended,) = feed(steady, *["happy"] * 50, *["sad"] * 50)
    assert ended.label == "happy"
    assert 2.0 < ended.duration < 2.4, "until sad began to lead, not until it had held"
    assert steady.label == "sad"
    assert steady.since == pytest.approx(ended.duration)
    assert steady.since_wall == pytest.approx(1000 + ended.duration)


def test_a_lead_that_does_not_hold_is_no_change() -> None:
    config = TrackConfig(half_life_seconds=0.05, min_hold_seconds=0.5)
    steady = settled(config, reading("happy"))
    # Sad leads for 0.4 s at a time.
    assert feed(steady, *(["happy"] * 10 + ["sad"] * 10) * 10) == []


def test_a_lead_below_the_margin_is_no_change() -> None:
    config = TrackConfig(half_life_seconds=0.05, min_hold_seconds=0.1, margin=0.2, min_confidence=0)
    steady = settled(config, reading("happy", 0.5))
    close = Reading(Box(0, 0, 9, 9), (0.0, 0.0, 0.0, 0.42, 0.58, 0.0, 0.0))
    assert [steady.read(close, number / 25, 0.0) for number in range(100)] == [None] * 100
    assert steady.label == "happy"
    clear = Reading(Box(0, 0, 9, 9), (0.0, 0.0, 0.0, 0.3, 0.7, 0.0, 0.0))
    assert any(steady.read(clear, 4 + number / 25, 0.0) for number in range(100))
    assert steady.label == "sad"


@pytest.mark.parametrize("fps", [2.0, 25.0, 100.0])
def test_the_frame_rate_changes_the_delay_by_no_more_than_its_frames(fps: float) -> None:
    config = TrackConfig(half_life_seconds=1.0, min_hold_seconds=0.0, margin=0.0)
    steady = settled(config, reading("happy"))
    frames = int(4 * fps)
    (ended,) = feed(steady, *["happy"] * frames, *["sad"] * frames, fps=fps)
    # After 4 s of one emotion the other has the greater share after about a second.
    assert 4.8 - 1 / fps < ended.duration < 5.2 + 1 / fps


def test_a_face_of_no_clear_emotion_is_uncertain_and_again_certain_later() -> None:
    config = TrackConfig(half_life_seconds=0.1, min_hold_seconds=0.2, min_confidence=0.4)
    steady = settled(config, reading("happy", 0.3))
    assert steady.label == "uncertain"
    (ended,) = feed(steady, *["happy"] * 50, sure=0.9)
    assert (ended.label, steady.label) == ("uncertain", "happy")


def test_a_face_that_is_no_longer_clear_is_uncertain_though_nothing_leads_by_the_margin() -> None:
    config = TrackConfig(half_life_seconds=0.1, min_hold_seconds=0.2, margin=0.1)
    steady = settled(config, reading("happy"))
    close = Reading(Box(0, 0, 9, 9), (0.05, 0.05, 0.05, 0.34, 0.41, 0.05, 0.05))
    for number in range(100):
        steady.read(close, number / 25, 0.0)
    assert steady.label == "uncertain", "happy is below min_confidence, sad leads by too little"


@pytest.mark.parametrize("quality", [0.0, 0.1, 0.24])
def test_a_face_that_cannot_be_read_well_is_uncertain_however_sure_the_network(
    quality: float,
) -> None:
    steady = settled(TrackConfig(min_quality=0.25), reading("happy", 0.99, quality))
    assert steady.label == "uncertain"
    assert sum(steady.probabilities) == pytest.approx(1)
    feed(steady, *["happy"] * 50)
    assert steady.label == "happy"


def test_sharp_frames_count_more_than_blurred_ones() -> None:
    config = TrackConfig(min_quality=0, half_life_seconds=10)
    blurred = [reading("sad", quality=0.05)] * 10
    assert settled(config, *blurred, *[reading("happy")] * 2).label == "happy"
    assert settled(config, *[reading("sad")] * 10, *[reading("happy")] * 2).label == "sad"


def test_who_wants_no_uncertainty_has_none() -> None:
    config = TrackConfig(min_quality=0, min_confidence=0)
    assert settled(config, reading("fear", 0.15, 0.0)).label == "fear"
