import numpy as np
import pytest

from edge.capture.picture import ColourPicture
from edge.records import Box, Reading, by_emotion


def test_overlap_is_intersection_over_union() -> None:
    assert Box(0, 0, 10, 10).overlap(Box(0, 0, 10, 10)) == 1
    assert Box(0, 0, 10, 10).overlap(Box(5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert Box(0, 0, 10, 10).overlap(Box(10, 0, 10, 10)) == 0


def test_a_reading_names_the_most_probable_emotion() -> None:
    reading = Reading(Box(0, 0, 1, 1), (0.1, 0, 0, 0.6, 0.1, 0.1, 0.1))
    assert (reading.label, reading.confidence) == ("happy", 0.6)
    assert list(by_emotion(reading.probabilities)) == [
        "angry", "disgust", "fear", "happy", "sad", "surprise", "neutral",
    ]  # fmt: skip


@pytest.mark.parametrize("probabilities", [(1.0,), (0.5,) * 7, (float("nan"),) * 7])
def test_what_are_no_probabilities_are_refused(probabilities: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="probabilities"):
        Reading(Box(0, 0, 1, 1), probabilities)


def test_a_box_without_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one pixel"):
        Box(0, 0, 0, 5)


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)])
def test_what_is_no_colour_picture_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a picture is"):
        ColourPicture(image)
