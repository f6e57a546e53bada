"""What the scanner as it ships keeps of the faces that scans of all of every frame find."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import pytest

from edge.config import DetectConfig
from edge.detect import FaceFinder, make_finder
from edge.records import Box, Face, Frame, GreyArray, ImageArray
from tests.support.matching import pairs, steady
from tests.support.scanning import KINDS, boxes_of, frame_of, scanner_of, shipped, whole_scans
from tests.support.scenes import Grey, Head, Scene

SIZE = (640, 360)
FPS = 25
WIDTH = 110
"""Of a face in pixels: dlib finds none below 80, and the heads of two have room."""


class CountingFinder(FaceFinder):
    """Finds what another finder finds, and keeps the frames of which all was scanned."""

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self.asked = 0
        self.whole: list[int] = []

    def find_all(self, image: GreyArray, known: Sequence[Face] = ()) -> tuple[Face, ...]:
        self.whole.append(self.asked)
        return self._finder.find_all(image, known)

    def find_near(
        self, image: GreyArray, known: Sequence[Face], missed: Sequence[Face] = ()
    ) -> tuple[Face, ...] | None:
        return self._finder.find_near(image, known, missed)


@pytest.fixture(scope="module")
def face(face_frame: ImageArray) -> Grey:
    """The astronaut's face, as FER-2013 would crop it."""
    (found,) = make_finder(DetectConfig()).find(face_frame)
    region = found.region
    grey = np.asarray(cv2.cvtColor(face_frame, cv2.COLOR_BGR2GRAY), np.uint8)
    return grey[region.y : region.y + region.height, region.x : region.x + region.width]


def entering(face: Grey) -> Iterator[Frame]:
    """Yield the frames in which a second face walks in at the left, its own width a second."""
    head = Head(face)
    for number in range(2 * FPS):
        picture = np.full((SIZE[1], SIZE[0], 3), 127, np.uint8)
        for left in (420, round(WIDTH * (number / FPS - 1))):
            head.draw(picture, Box(left, 120, WIDTH, WIDTH), away=False)
        yield frame_of(picture, number, FPS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_faces_of_a_moving_scene_are_kept(kind: str, face: Grey) -> None:
    scene = Scene([face, face], seed=2, size=SIZE, seconds=2.0, widths=(95, 140))
    every, quick = scanner_of(whole_scans(kind)), scanner_of(shipped(kind))
    faces = kept = extra = there = 0
    for frame, shown in scene:
        expected, found = boxes_of(every.scan(frame)), boxes_of(quick.scan(frame))
        both = pairs(expected, found)
        faces, kept, extra = faces + len(expected), kept + len(both), extra + len(found) - len(both)
        there += sum(person.whole for person in shown)
    assert faces >= 0.9 * there > 30, "it is a scene of faces that can be found"
    assert kept >= 0.97 * faces
    assert extra <= 0.03 * faces


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_face_that_enters_is_found_within_the_rescan_time(kind: str, face: Grey) -> None:
    first = {}
    for name, config in (("every", whole_scans(kind)), ("quick", shipped(kind))):
        scanner = scanner_of(config)
        counts = [len(boxes_of(scanner.scan(frame))) for frame in entering(face)]
        assert counts[0] == 1
        assert counts[-1] == 2
        first[name] = counts.index(2) / FPS
    assert first["quick"] - first["every"] <= shipped(kind).rescan_seconds


@pytest.mark.parametrize("kind", KINDS)
def test_all_of_the_frame_is_scanned_twice_a_second_at_least(kind: str, face: Grey) -> None:
    config = shipped(kind)
    finder = CountingFinder(make_finder(config))
    scanner = scanner_of(config, finder)
    scene = Scene([face], seed=3, size=SIZE, seconds=2.0, widths=(WIDTH, WIDTH), top_speed=0.3)
    for frame, _ in scene:
        finder.asked = frame.number
        assert boxes_of(scanner.scan(frame))
    for second in range(2):
        whole = [number for number in finder.whole if number // FPS == second]
        assert 2 <= len(whole) < FPS / 2


def test_a_face_that_flashes_up_is_not_steady() -> None:
    here, moved, there = Box(0, 0, 50, 50), Box(10, 0, 50, 50), Box(300, 0, 40, 40)
    frames = [[here], [moved, there], [here], [there]]
    assert steady(frames) == [[True], [True, False], [True], [False]]


def test_a_box_has_one_partner_at_most() -> None:
    face, better, worse = Box(0, 0, 50, 50), Box(2, 0, 50, 50), Box(12, 0, 50, 50)
    assert pairs([face], [worse, better]) == {0: 1}
    assert pairs([face, better], [face]) == {0: 0}
