import pytest

from edge.track.tally import HOUR, MINUTE, Tally


def test_two_happy_faces_are_two_seconds_a_second() -> None:
    tally = Tally(longest_gap=1.0)
    for number in range(251):
        tally.add(number / 25, ["happy", "happy"])
    assert tally.seconds(10.0, MINUTE)["happy"] == pytest.approx(20.0)
    assert tally.seconds(10.0, MINUTE)["sad"] == 0


def test_the_minute_forgets_what_the_hour_keeps_and_that_ends_too() -> None:
    tally = Tally(longest_gap=1.0)
    for number in range(21):
        tally.add(number / 2, ["sad"])
    assert tally.seconds(90.0, MINUTE)["sad"] == 0
    assert tally.seconds(90.0, HOUR)["sad"] == pytest.approx(10.0)
    assert tally.seconds(9000.0, HOUR)["sad"] == 0


def test_what_nobody_watched_does_not_count() -> None:
    tally = Tally(longest_gap=1.0)
    tally.add(0.0, ["happy"])
    tally.add(500.0, ["happy"])
    tally.add(500.5, ["happy"])
    assert tally.seconds(501.0, HOUR)["happy"] == pytest.approx(0.5)


def test_a_clip_that_begins_anew_begins_a_new_tally() -> None:
    tally = Tally(longest_gap=1.0)
    for number in range(11):
        tally.add(50 + number / 2, ["happy"])
    tally.add(0.0, ["sad"])
    tally.add(0.5, ["sad"])
    assert tally.seconds(1.0, MINUTE)["happy"] == 0
    assert tally.seconds(1.0, MINUTE)["sad"] == pytest.approx(0.5)
