import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.config import DetectConfig
from edge.detect import make_finder


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
