import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from edge.capture.picture import ColourPicture
from edge.config import DetectConfig
from edge.control import CameraControl
from edge.detect import make_finder
from edge.detect.scanner import Scanner
from edge.detect.schedule import ScanSchedule
from edge.detect.zones import Zones
from edge.records import Box, Frame


@pytest.mark.parametrize("kind", ["haar", "dlib"])
def test_the_one_face_is_found_where_it_is(kind: str, face_frame: NDArray[np.uint8]) -> None:
    (face,) = make_finder(DetectConfig.model_validate({"kind": kind})).find(face_frame)
    # In the clip's frame at 8 s the face's centre lies at 480, 260, its side is about 190.
    assert abs(face.box.x + face.box.width / 2 - 480) < 25
    assert abs(face.box.y + face.box.height / 2 - 265) < 35
    assert 150 < face.box.width < 250
    assert face.region.width == face.region.height > face.box.width * 0.99


@pytest.mark.parametrize("kind", ["haar", "dlib"])
def test_boxes_are_in_pixels_of_the_full_frame(kind: str, face_frame: NDArray[np.uint8]) -> None:
    large = np.asarray(cv2.resize(face_frame, None, fx=2, fy=2), np.uint8)
    finder = make_finder(DetectConfig.model_validate({"kind": kind, "width": 640}))
    (small_face,), (large_face,) = finder.find(face_frame), finder.find(large)
    assert large_face.box.width == pytest.approx(2 * small_face.box.width, rel=0.15)


@pytest.mark.parametrize("kind", ["haar", "dlib"])
def test_an_empty_scene_has_no_face(kind: str) -> None:
    finder = make_finder(DetectConfig.model_validate({"kind": kind}))
    assert finder.find(np.full((540, 960, 3), 127, np.uint8)) == ()


@pytest.mark.parametrize("kind", ["haar", "dlib"])
@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3), (24, 24)])
def test_odd_sizes_are_no_trouble(kind: str, size: tuple[int, int]) -> None:
    finder = make_finder(DetectConfig.model_validate({"kind": kind}))
    assert finder.find(np.zeros((*size, 3), np.uint8)) == ()


def test_faces_come_from_left_to_right(face_frame: NDArray[np.uint8]) -> None:
    cut = face_frame[:, 250:710]
    faces = make_finder(DetectConfig()).find(np.hstack([cut, cut, cut]))
    assert len(faces) == 3
    assert [face.box.x for face in faces] == sorted(face.box.x for face in faces)


def tilted(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    turn = cv2.getRotationMatrix2D((480, 265), 27, 1)
    return np.asarray(
        cv2.warpAffine(image, turn, (960, 540), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def noisy(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    noise = np.random.default_rng(0).normal(0, 35, image.shape)
    return np.clip(image * 0.5 + 60 + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("kind", ["haar", "dlib"])
def test_a_clear_face_has_a_high_score_and_a_faint_one_needs_a_low_threshold(
    kind: str, face_frame: NDArray[np.uint8]
) -> None:
    (clear,) = make_finder(DetectConfig.model_validate({"kind": kind})).find(face_frame)
    assert clear.score > 0.7
    assert not clear.turned
    faint = tilted(face_frame) if kind == "haar" else noisy(face_frame)

    def scores(least: float) -> list[float]:
        config = DetectConfig.model_validate({"kind": kind, "min_score": least})
        return [face.score for face in make_finder(config).find(faint)]

    assert scores(0.5) == []
    (score,) = scores(0.1)
    assert 0.1 < score < 0.5


@pytest.mark.parametrize("kind", ["haar", "dlib"])
def test_faces_below_the_smallest_size_are_left_out(
    kind: str, face_frame: NDArray[np.uint8]
) -> None:
    def count(smallest: int) -> int:
        config = DetectConfig.model_validate({"kind": kind, "min_size": smallest})
        return len(make_finder(config).find(face_frame))

    assert (count(120), count(300)) == (1, 0)


@pytest.mark.parametrize(
    ("kind", "too_little"),
    [("haar", {"min_size": 300}), ("dlib", {"min_size": 300}), ("haar", {"min_score": 0.95})],
)
def test_who_blurs_every_face_finds_those_that_do_not_count(
    kind: str, too_little: dict[str, float], face_frame: NDArray[np.uint8]
) -> None:
    config = DetectConfig.model_validate({"kind": kind, **too_little})
    assert make_finder(config).find_all(face_frame) == ()
    finder = make_finder(config, every_face=True)
    assert any(face.box.width > 120 for face in finder.find_all(face_frame))
    assert finder.find(face_frame) == ()


"""Noise in which a detector sees a face only if it is asked to."""

LEFT = [[0, 0], [0.4, 0], [0.4, 1], [0, 1]]
MIDDLE = [[0.4, 0.2], [0.6, 0.2], [0.6, 0.8], [0.4, 0.8]]


@pytest.mark.parametrize(
    ("zones", "count"),
    [
        ({}, 1),
        ({"include": [MIDDLE]}, 1),
        ({"include": [LEFT]}, 0),
        ({"include": [LEFT, MIDDLE]}, 1),
        ({"mask": [MIDDLE]}, 0),
        ({"mask": [LEFT]}, 1),
        ({"include": [MIDDLE], "mask": [MIDDLE]}, 0),
    ],
)
def test_faces_count_by_where_their_centre_lies(
    zones: dict[str, object], count: int, face_frame: NDArray[np.uint8]
) -> None:
    finder = make_finder(DetectConfig.model_validate(zones))
    assert len(finder.find(face_frame)) == count
    assert [face.counts for face in finder.find_all(face_frame)] == [count == 1]


def test_every_third_frame_is_scanned() -> None:
    schedule = ScanSchedule(every=3)
    assert [schedule.due(n / 25) for n in range(7)] == [True, False, False] * 2 + [True]


def test_an_idle_camera_is_scanned_less_until_a_face_comes() -> None:
    schedule = ScanSchedule(idle_fps=5.0)
    assert all(schedule.due(n / 25) for n in range(125))
    assert any(schedule.due(5.04 + n / 25) for n in range(125))
    schedule.saw_face(10.1)
    assert all(schedule.due(10.1 + n / 25) for n in range(125))


@pytest.mark.parametrize("fps", [5, 6, 10, 15, 25, 60])
def test_an_idle_camera_is_scanned_as_often_as_asked_for_though_it_is_not_on_time(
    fps: float,
) -> None:
    jitter = np.random.default_rng(0).uniform(-0.004, 0.004, 100 * fps)
    schedule = ScanSchedule(idle_fps=5.0)
    for n in range(6 * fps):
        schedule.due(n / fps)
    scans = sum(schedule.due(6 + n / fps + off) for n, off in enumerate(jitter))
    assert 400 <= scans <= 510, "5 a second for 100 s"


def test_an_idle_camera_whose_clock_is_set_back_is_scanned_at_once() -> None:
    schedule = ScanSchedule(idle_fps=0.01)
    for n in range(1000):
        schedule.due(n / 25)
    assert schedule.due(0.0)


def test_a_scanner_obeys_the_switches(face_frame: NDArray[np.uint8]) -> None:
    control = CameraControl()
    scanner = Scanner(make_finder(DetectConfig()), ScanSchedule(every=2), control)
    frame = Frame(0, ColourPicture(face_frame), 0.0, 0.0, 0.0)
    seen, skipped = scanner.scan(frame), scanner.scan(frame)
    assert (len(seen.faces or ()), seen.looked) == (1, True)
    assert (skipped.faces, skipped.looked) == (None, False), "every second frame"
    control.obey("detector off")
    off = scanner.scan(frame)
    assert (off.faces, off.looked) == ((), False)
    control.obey("pause")
    assert scanner.paused
    with pytest.raises(ValueError, match="send one of pause, resume"):
        control.obey("explode")
    assert scanner.paused


@pytest.mark.parametrize(
    ("zone", "fault"),
    [
        ([[[0, 0]] * 3], "corners lie on a line"),
        ([[[0, 0], [0.5, 0.5], [1, 1]]], "corners lie on a line"),
        ([[[0, 0], [1, 1], [1, 0], [0, 1]]], "sides cross"),
        ([[[0, 0], [1, 1]]], "at least 3"),
        ([[[0, 0], [50, 0], [50, 100]]], "0 to 1, not"),
        ("left", "a corner is"),
        (7, "a corner is"),
        ([["a", "b"]], "a corner is"),
    ],
)
def test_a_zone_that_is_none_is_refused(zone: object, fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        DetectConfig.model_validate({"include": zone})


def test_a_single_zone_needs_no_list_of_its_own() -> None:
    assert DetectConfig.model_validate({"mask": LEFT}).mask == (tuple(map(tuple, LEFT)),)


def test_a_face_that_leans_out_of_the_picture_counts_for_the_whole_picture() -> None:
    whole = [[0, 0], [1, 0], [1, 1], [0, 1]]
    assert Zones([whole]).admit(Box(-60, -60, 100, 100), (640, 360))
    assert Zones([whole]).admit(Box(600, 340, 100, 100), (640, 360))
