"""What is drawn over a frame, looked at pixel by pixel."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.annotate import COLOURS, annotate, notice
from edge.annotate.colours import ink_on
from edge.config import DetectConfig
from edge.detect import make_finder
from edge.emotions import EMOTIONS, LABELS, Label
from edge.records import Box, Reading, Track

Image = NDArray[np.uint8]

GREY = np.full((540, 960, 3), 120, np.uint8)


def probabilities(label: str, share: float) -> tuple[float, ...]:
    return tuple(share if e == label else (1 - share) / 6 for e in EMOTIONS)


def reading(box: Box, label: str = "happy", share: float = 0.9) -> Reading:
    return Reading(box, probabilities(label, share))


def track(box: Box, label: Label = "happy", share: float = 0.9, number: int = 1) -> Track:
    return Track(number, box, label, probabilities(label, share), 0.0, 0.0, 0.0)


def coloured(picture: Image, label: str) -> NDArray[np.bool_]:
    """Return the pixels that have the colour of a label."""
    return np.asarray((picture == np.array(COLOURS[label])).all(axis=2))


def extent(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of what is true."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return columns[0], rows[0], columns[-1], rows[-1]


def test_a_face_has_a_box_around_it_and_its_label_above() -> None:
    before = GREY.copy()
    picture = annotate(GREY, [reading(Box(300, 200, 120, 120))])
    assert np.array_equal(GREY, before), "the frame itself stays as it is"
    left, top, right, bottom = extent(coloured(picture, "happy"))
    assert abs(left - 300) <= 2
    assert abs(bottom - 320) <= 3
    assert right >= 418
    assert 150 < top < 200, "the label is above the box"
    assert np.array_equal(picture[210:310, 310:410], GREY[210:310, 310:410]), "the face is free"


def test_the_picture_has_the_width_that_is_asked_for_but_is_never_enlarged() -> None:
    faces = [reading(Box(300, 200, 120, 120))]
    assert annotate(GREY, faces, 480).shape == (270, 480, 3)
    assert annotate(GREY, faces, 1920).shape == (540, 960, 3)
    small = extent(coloured(annotate(GREY, faces, 480), "happy"))
    assert abs(small[0] - 150) <= 2
    assert abs(small[3] - 160) <= 3


def test_lines_are_as_fine_as_the_picture_that_is_asked_for() -> None:
    def line(picture: Image) -> int:
        middle = coloured(picture, "happy")[picture.shape[0] // 2]
        return int(middle[: picture.shape[1] // 2].sum())

    large = np.full((2160, 3840, 3), 120, np.uint8)
    faces = [reading(Box(1400, 700, 800, 800))]
    assert line(annotate(large, faces)) >= 7
    assert 1 <= line(annotate(large, faces, 640)) <= 3


@pytest.mark.parametrize("size", [(1, 1), (8, 200), (90, 160), (540, 960), (1280, 720)])
@pytest.mark.parametrize("options", [{}, {"probabilities": True, "fps": 25.0}])
def test_faces_at_the_edges_and_beyond_are_no_fault(
    size: tuple[int, int], options: dict[str, bool | float]
) -> None:
    height, width = size
    frame = np.full((height, width, 3), 120, np.uint8)
    places = [(-60, -40), (width - 20, -30), (-20, height - 20), (width - 10, height - 10), (0, 0)]
    boxes = [Box(x, y, 150, 150) for x, y in [*places, (3 * width, 2 * height)]]
    faces = [track(box, label) for box, label in zip(boxes, LABELS, strict=False)]
    assert annotate(frame, faces, None, boxes, **options).shape == frame.shape


@pytest.mark.parametrize("place", [(0, 0), (900, 0), (0, 500), (900, 500), (400, 250)])
def test_the_whole_label_lies_in_the_picture(place: tuple[int, int]) -> None:
    def area(x: int, y: int) -> int:
        picture = annotate(GREY, [reading(Box(x, y, 40, 40), "surprise")])
        return int(coloured(picture, "surprise").sum())

    assert area(*place) == pytest.approx(area(400, 250), rel=0.1)


def test_labels_of_neighbours_do_not_hide_each_other() -> None:
    def area(*faces: Reading) -> dict[str, int]:
        picture = annotate(GREY, faces)
        return {label: int(coloured(picture, label).sum()) for label in ("happy", "angry")}

    one = reading(Box(300, 200, 60, 60), "happy")
    other = reading(Box(370, 205, 60, 60), "angry")
    assert area(one, other)["happy"] > 0.95 * area(one)["happy"]
    assert area(one, other)["angry"] > 0.95 * area(other)["angry"]


def test_the_bar_is_as_long_as_the_face_is_sure() -> None:
    def ink(share: float) -> int:
        picture = annotate(GREY, [reading(Box(300, 200, 120, 120), "happy", share)])
        label = picture[150:195, 290:480]
        rows = (label < 60).all(axis=2).sum(axis=1)  # letters are broken, the bar is not
        return int(rows[-15:].max())

    assert ink(0.98) > 1.5 * ink(0.5)


def test_a_track_has_its_number_and_who_is_uncertain_no_figure() -> None:
    box = Box(300, 200, 120, 120)

    def width(face: Reading | Track) -> int:
        left, _, right, _ = extent(coloured(annotate(GREY, [face])[:195], face.label))
        return right - left

    assert width(track(box)) > width(reading(box)) + 10
    assert width(track(box, number=12345)) > width(track(box)) + 10
    assert width(track(box, "uncertain")) < width(track(box, "surprise"))


@pytest.mark.parametrize("label", LABELS)
def test_letters_are_legible_on_every_colour(label: Label) -> None:
    def luminance(colour: tuple[int, int, int]) -> float:
        """Return the relative luminance of WCAG 2."""
        blue, green, red = (
            c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted(map(luminance, (COLOURS[label], ink_on(COLOURS[label]))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize("shade", [0, 255])
@pytest.mark.parametrize("label", LABELS)
def test_a_box_is_seen_on_dark_and_bright_pictures(label: Label, shade: int) -> None:
    frame = np.full((540, 960, 3), shade, np.uint8)
    picture = annotate(frame, [track(Box(300, 200, 120, 120), label)])
    edge = picture[260, 290:310].astype(int)
    assert np.abs(edge - shade).max() > 100


def test_all_probabilities_have_bars_beside_the_face() -> None:
    shares = (0.05, 0.05, 0.05, 0.5, 0.2, 0.1, 0.05)
    face = Reading(Box(100, 200, 120, 120), shares)
    picture = annotate(GREY, [face], probabilities=True)
    beside = picture[:, 226:]
    bars = {e: int(coloured(beside, e).sum(axis=1).max(initial=0)) for e in EMOTIONS}
    assert all(bars[e] >= 1 for e in ("happy", "sad", "surprise"))
    assert bars["happy"] == pytest.approx(2.5 * bars["sad"], rel=0.2)
    assert not coloured(annotate(GREY, [face])[:, 400:], "sad").any(), "only when asked for"


def test_frames_a_second_stand_in_a_corner_when_asked_for() -> None:
    assert np.array_equal(annotate(GREY, ()), GREY)
    picture = annotate(GREY, (), fps=24.9)
    changed = extent((picture != GREY).any(axis=2))
    assert changed[2] < 150
    assert changed[3] < 60


@pytest.mark.parametrize("width", [None, 480])
def test_a_blurred_face_is_no_face_any_more(face_frame: Image, width: int | None) -> None:
    finder = make_finder(DetectConfig(min_score=0.05))
    faces = finder.find(face_frame)
    assert faces
    picture = annotate(face_frame, (), width, [face.box for face in faces])
    assert not finder.find(picture)
    scale = picture.shape[1] / face_frame.shape[1]
    for face in faces:
        box = face.box
        top, left, size = (round(scale * n) for n in (box.y, box.x, box.width))
        inside = picture[top : top + size, left : left + size].reshape(-1, 3)
        assert len(np.unique(inside, axis=0)) <= 36
        ear = picture[top + size // 2, left - size // 5 : left].reshape(-1, 3)
        assert len(np.unique(ear, axis=0)) <= 3, "what is around it too"
    far = (slice(None), slice(-round(100 * scale), None))
    assert np.array_equal(picture[far], annotate(face_frame, (), width)[far])


def test_a_blurred_face_at_the_edge_has_no_finer_squares(face_frame: Image) -> None:
    picture = annotate(face_frame, (), None, [Box(-150, 100, 200, 200)])
    assert len(np.unique(picture[150:250, :50].reshape(-1, 3), axis=0)) <= 12


def test_a_notice_is_written_over_the_dark() -> None:
    picture = notice((GREY.shape[1], GREY.shape[0]), "paused", 480)
    assert picture.shape == (270, 480, 3)
    assert float(np.median(picture)) == 0
    assert picture.max() > 100
    assert np.array_equal(cv2.flip(picture, 1)[:, :100], picture[:, :100]), "in the middle"
