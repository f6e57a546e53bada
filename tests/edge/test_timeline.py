"""How long faces showed what, as the page draws it."""

import pytest

from edge.publish.timeline import STEP, Timeline


class Clock:
    """Seconds since the epoch, at the beginning of a step."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def happy(timeline: Timeline) -> list[float]:
    """Return the seconds of the newest steps, oldest first."""
    told = timeline.describe()
    column = told["labels"].index("happy")
    return [row[column] for row in told["seconds"]]


@pytest.mark.parametrize("interval", [0.04, 1.0, 1.02, 3.0, 5.0])
def test_a_face_is_there_between_two_frames_however_few_there_are(interval: float) -> None:
    clock = Clock()
    timeline = Timeline(clock)
    for _ in range(round(60 / interval) + 1):
        timeline.add(["happy"])
        clock.now += interval
    assert sum(happy(timeline)) == pytest.approx(60, abs=interval + 0.1)
    assert max(happy(timeline)) <= STEP + 0.01, "one face fills a step, and no more"


def test_nobody_knows_what_was_shown_in_a_long_gap_or_after_an_interruption() -> None:
    clock = Clock()
    timeline = Timeline(clock)
    timeline.add(["happy"])
    clock.now += STEP + 1
    timeline.add(["happy"])
    timeline.interrupt()
    clock.now += 1
    timeline.add(["happy"])
    assert sum(happy(timeline)) == 0
    clock.now += 1
    timeline.add(["happy", "happy"])
    assert sum(happy(timeline)) == 2
