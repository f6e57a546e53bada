import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.face_image import Placement, even_light, face_image, quality
from edge.records import Box


def picture() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (100, 120, 3), dtype=np.uint8)


def test_a_region_inside_is_cut_grey_and_resized() -> None:
    image = picture()
    expected = cv2.resize(
        cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[10:74, 20:84],
        (48, 48),
        interpolation=cv2.INTER_AREA,
    )
    assert np.array_equal(face_image(image, Box(20, 10, 64, 64)), even_light(expected))


@pytest.mark.parametrize(
    "region",
    [
        Box(-30, -20, 60, 60),
        Box(90, 70, 60, 60),
        Box(-10, -10, 200, 200),
        Box(300, 300, 50, 50),
        Box(-90, 20, 50, 50),
    ],
)
def test_a_region_beyond_the_frame_repeats_its_edges(region: Box) -> None:
    image = picture()
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    padded = np.pad(grey, 400, mode="edge")
    top, left = region.y + 400, region.x + 400
    cut = padded[top : top + region.height, left : left + region.width]
    expected = cv2.resize(cut, (48, 48), interpolation=cv2.INTER_AREA)
    assert np.array_equal(face_image(image, region), even_light(expected))


def test_placement_moves_and_scales_about_the_centre() -> None:
    region = Placement(scale=1.5, shift_x=0.1, shift_y=-0.2).region(Box(100, 100, 40, 40))
    assert region == Box(96, 78, 60, 60)


@pytest.mark.parametrize(("gain", "offset"), [(0.5, 20), (0.5, 120), (1.0, -20), (0.7, 60)])
def test_a_face_in_other_light_is_the_same_picture(gain: float, offset: float) -> None:
    random = np.random.default_rng(0)
    face = cv2.GaussianBlur(random.normal(125, 300, (48, 48)).astype(np.float32), (0, 0), 3)
    face = np.clip(face, 60, 220)
    usual = even_light(np.rint(face).astype(np.uint8)).astype(int)
    other = even_light(np.clip(np.rint(face * gain + offset), 0, 255).astype(np.uint8))
    assert np.abs(usual - other).mean() < 4
    assert other.mean() == pytest.approx(129, abs=3)
    assert other.std() == pytest.approx(54, abs=3)


@pytest.mark.parametrize("grey", [0, 100, 255])
def test_a_picture_of_nothing_stays_one(grey: int) -> None:
    assert np.unique(even_light(np.full((48, 48), grey, np.uint8))).tolist() == [129]


def test_noise_in_the_dark_is_not_blown_up() -> None:
    dark = np.random.default_rng(0).integers(9, 12, (48, 48)).astype(np.uint8)
    assert even_light(dark).std() < 5


def test_quality_falls_with_size_blur_and_turn(face_frame: NDArray[np.uint8]) -> None:
    region = Box(380, 165, 200, 200)
    sharp = face_image(face_frame, region)
    assert quality(sharp, region, turned=False) == 1.0
    assert quality(sharp, region, turned=True) < 0.25
    far = np.asarray(
        cv2.resize(face_frame, None, fx=0.08, fy=0.08, interpolation=cv2.INTER_AREA), np.uint8
    )
    small = Box(30, 13, 16, 16)
    assert quality(face_image(far, small), small, turned=False) < 0.25
    blurred = np.asarray(cv2.blur(face_frame, (31, 31)), np.uint8)
    assert quality(face_image(blurred, region), region, turned=False) < 0.25
    dark = np.asarray(face_frame // 4, np.uint8)
    assert quality(face_image(dark, region), region, turned=False) > 0.7, "dim light is no blur"


def test_a_small_face_is_enlarged_without_blocks() -> None:
    ramp = np.repeat(np.linspace(60, 180, 16, dtype=np.uint8)[None], 16, 0)
    face = face_image(np.dstack([ramp] * 3), Box(0, 0, 16, 16))
    assert len(np.unique(face[24])) > 32, "16 pixels became blocks of three"
