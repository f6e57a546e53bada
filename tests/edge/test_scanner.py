"""Faces are found anew in every frame, though not by a scan of all of it."""

from collections.abc import Sequence

import numpy as np
import pytest

from edge.capture.picture import ColourPicture
from edge.config import DetectConfig
from edge.detect import FaceFinder, make_finder
from edge.detect.detector import Found
from edge.detect.haar import HaarDetector
from edge.detect.scanner import Scanner
from edge.detect.scene import Scene
from edge.detect.schedule import ScanSchedule
from edge.records import Box, Face, Frame, ImageArray

RESCAN_SECONDS = 0.2


class CountingHaar(HaarDetector):
    """Keeps what was scanned: all of a frame, or around how many faces."""

    def __init__(self) -> None:
        super().__init__(0.35)
        self.scans: list[str] = []

    def scan(self, scene: Scene, smallest: float = 0.0, around: Sequence[Box] = ()) -> list[Found]:
        self.scans.append("whole")
        return super().scan(scene, smallest, around)

    def near(self, scene: Scene, box: Box) -> list[Found]:
        self.scans.append("near")
        return super().near(scene, box)


def scan(scanner: Scanner, image: ImageArray, time: float) -> tuple[Face, ...]:
    faces = scanner.scan(Frame(0, ColourPicture(image), time, time, time)).faces
    assert faces is not None
    return faces


def empty(like: ImageArray) -> ImageArray:
    return np.full_like(like, 127)


@pytest.fixture
def haar() -> CountingHaar:
    return CountingHaar()


@pytest.fixture
def scanner(haar: CountingHaar) -> Scanner:
    return Scanner(FaceFinder(haar, None), rescan_seconds=RESCAN_SECONDS)


def test_without_a_pace_of_its_own_an_idle_camera_is_scanned_as_before(
    haar: CountingHaar, face_frame: ImageArray
) -> None:
    scanner = Scanner(FaceFinder(haar, 160), ScanSchedule(), rescan_seconds=0.4)
    picture = ColourPicture(empty(face_frame))
    for number in range(20 * 25):
        scanner.scan(Frame(number, picture, 0.0, number / 25, 0.0))
    assert len(haar.scans) == pytest.approx(100, abs=5), "5 a second for 20 s"


@pytest.mark.parametrize("fps", [8.0, 12.5, 20.0, 25.0])
def test_an_idle_camera_is_scanned_at_its_own_pace(
    fps: float, haar: CountingHaar, face_frame: ImageArray
) -> None:
    schedule = ScanSchedule(idle_fps=5.0)
    scanner = Scanner(FaceFinder(haar, 160), schedule, rescan_seconds=0.4)
    picture = ColourPicture(empty(face_frame))
    for number in range(int(26 * fps)):
        scanner.scan(Frame(number, picture, 0.0, number / fps, 0.0))
        if number == int(6 * fps):
            haar.scans.clear()
    assert len(haar.scans) == pytest.approx(100, abs=5), "5 a second for 20 s"


@pytest.mark.parametrize("kind", ["haar", "dlib"])
def test_a_face_that_moves_is_where_a_whole_scan_finds_it(
    kind: str, face_frame: ImageArray
) -> None:
    config = DetectConfig.model_validate({"kind": kind})
    scanner = Scanner(make_finder(config), rescan_seconds=RESCAN_SECONDS)
    for number in range(12):
        moved = np.roll(face_frame, 9 * number, axis=1)
        (face,), (whole,) = scan(scanner, moved, number / 25), make_finder(config).find_all(moved)
        assert face.box.overlap(whole.box) > 0.75
        assert abs(face.score - whole.score) < 0.2


def test_between_scans_of_the_whole_frame_only_what_is_near_is_scanned(
    scanner: Scanner, haar: CountingHaar, face_frame: ImageArray
) -> None:
    for number in range(50):
        scan(scanner, face_frame, number / 25)
    assert 9 <= haar.scans.count("whole") <= 10, "five times a second"
    assert 50 <= haar.scans.count("near") <= 60, "the face, once in each frame"


def test_a_face_that_is_gone_is_gone_at_once(scanner: Scanner, face_frame: ImageArray) -> None:
    assert len(scan(scanner, face_frame, 0.0)) == 1
    assert scan(scanner, empty(face_frame), 0.04) == ()


def test_a_face_that_is_elsewhere_is_found_in_the_same_frame(
    scanner: Scanner, face_frame: ImageArray
) -> None:
    (here,) = scan(scanner, face_frame, 0.0)
    (there,) = scan(scanner, np.roll(face_frame, 300, axis=1), 0.04)
    assert there.box.x == pytest.approx(here.box.x + 300, abs=15)


def test_who_joins_is_seen_by_the_next_whole_scan(scanner: Scanner, face_frame: ImageArray) -> None:
    cut = face_frame[:, 250:710]
    alone, both = np.hstack([cut, empty(cut)]), np.hstack([cut, cut])
    assert len(scan(scanner, alone, 0.0)) == 1
    counts = [len(scan(scanner, both, number / 25)) for number in range(1, 6)]
    assert counts[-1] == 2
    assert set(counts[:-1]) == {1}


def test_who_was_missed_a_moment_ago_is_looked_for_again(
    scanner: Scanner, face_frame: ImageArray
) -> None:
    cut = face_frame[:, 250:710]
    alone, both = np.hstack([cut, empty(cut)]), np.hstack([cut, cut])
    assert len(scan(scanner, both, 0.0)) == 2
    assert len(scan(scanner, alone, 0.04)) == 1
    assert len(scan(scanner, both, 0.08)) == 2


def test_who_may_come_is_looked_for_twice_as_often_as_who_may_join(
    scanner: Scanner, haar: CountingHaar, face_frame: ImageArray
) -> None:
    for number in range(25):
        image = empty(face_frame)
        found = scanner.scan(Frame(number, ColourPicture(image), 0.0, number / 25, 0.0)).faces
        assert found is None or found == ()
    assert haar.scans == ["whole"] * 9, "every third frame at 25 a second"


def test_a_camera_that_gives_smaller_pictures_of_a_sudden(
    scanner: Scanner, face_frame: ImageArray
) -> None:
    assert len(scan(scanner, face_frame, 0.0)) == 1
    small = np.ascontiguousarray(face_frame[::2, ::2])
    (face,) = scan(scanner, small, 0.04)
    assert face.box.x + face.box.width <= small.shape[1]
    assert scan(scanner, np.zeros((2, 2, 3), np.uint8), 0.08) == ()


def test_zero_seconds_are_a_whole_scan_of_every_frame(
    haar: CountingHaar, face_frame: ImageArray
) -> None:
    scanner = Scanner(FaceFinder(haar, None))
    for number in range(5):
        scan(scanner, face_frame, number / 25)
    assert haar.scans.count("whole") == 5
