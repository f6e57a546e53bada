"""A face is read so many times a second, and found in every frame."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from edge.capture.picture import ColourPicture
from edge.classify import Classifier, PacedClassifier
from edge.config import DetectConfig
from edge.detect import make_finder
from edge.records import Box, Face, Frame, GreyArray, ImageArray, Reading


class CountingClassifier(Classifier):
    """Counts what it reads, and asks another."""

    def __init__(self, classifier: Classifier) -> None:
        self._other = classifier
        self.reads = 0

    def read(self, image: ImageArray | GreyArray, faces: Sequence[Face]) -> tuple[Reading, ...]:
        self.reads += len(faces)
        return self._other.read(image, faces)


@pytest.fixture
def counting(classifier: Classifier) -> CountingClassifier:
    return CountingClassifier(classifier)


@pytest.fixture(scope="module")
def face(face_frame: ImageArray) -> Face:
    (found,) = make_finder(DetectConfig()).find(face_frame)
    return found


def moved(face: Face, pixels: int) -> Face:
    box = replace(face.box, x=face.box.x + pixels)
    region = replace(face.region, x=face.region.x + pixels)
    return replace(face, box=box, region=region, score=0.6 + pixels / 1000)


@pytest.mark.parametrize(
    ("fps", "reads"), [(10.0, 10), (5.0, 5), (15.0, 15), (100.0, 25), (None, 25)]
)
def test_a_face_is_read_so_often_and_its_box_is_of_every_frame(
    fps: float | None, reads: int, counting: CountingClassifier, face_frame: ImageArray, face: Face
) -> None:
    paced, picture = PacedClassifier(counting, fps), ColourPicture(face_frame)
    for number in range(25):
        here = moved(face, 2 * number)
        (reading,) = paced.read(Frame(number, picture, 0.0, number / 25, 0.0), (here,))
        assert (reading.box, reading.score) == (here.box, here.score)
        assert sum(reading.probabilities) == pytest.approx(1)
    assert counting.reads == pytest.approx(reads, abs=1)


def test_who_is_new_or_elsewhere_is_read_at_once(
    counting: CountingClassifier, face_frame: ImageArray, face: Face
) -> None:
    paced, picture = PacedClassifier(counting, 1.0), ColourPicture(face_frame)
    other = Face(Box(0, 0, 100, 100), Box(0, 0, 104, 104))
    paced.read(Frame(0, picture, 0.0, 0.0, 0.0), (face,))
    first, second = paced.read(Frame(1, picture, 0.0, 0.04, 0.0), (other, face))
    assert counting.reads == 2
    assert first.probabilities != second.probabilities
    paced.read(Frame(2, picture, 0.0, 0.08, 0.0), (moved(face, 300),))
    assert counting.reads == 3


def test_a_clip_that_begins_anew_is_read_anew(
    counting: CountingClassifier, face_frame: ImageArray, face: Face
) -> None:
    paced, picture = PacedClassifier(counting, 1.0), ColourPicture(face_frame)
    paced.read(Frame(9, picture, 0.0, 9.0, 0.0), (face,))
    dark = ColourPicture(np.zeros_like(face_frame))
    paced.read(Frame(0, dark, 0.0, 0.0, 0.0), (face,))
    assert counting.reads == 2


def test_two_who_overlap_keep_each_their_own(
    counting: CountingClassifier, face_frame: ImageArray, face: Face
) -> None:
    paced, picture = PacedClassifier(counting, 1.0), ColourPicture(face_frame)
    beside = moved(face, face.box.width // 2)
    first = paced.read(Frame(0, picture, 0.0, 0.0, 0.0), (face, beside))
    second = paced.read(Frame(1, picture, 0.0, 0.04, 0.0), (face, beside))
    assert counting.reads == 2
    assert first[0].probabilities != first[1].probabilities
    assert [r.probabilities for r in second] == [r.probabilities for r in first]
