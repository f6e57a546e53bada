"""The picture that a camera shows, and how often it is made."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import cv2
import numpy as np
import pytest

import edge.web.picture.pictures
from edge.annotate import annotate
from edge.capture.health import SourceHealth
from edge.capture.picture import ColourPicture
from edge.config import StreamConfig
from edge.control import CameraControl
from edge.metrics import Metrics
from edge.records import Box, Frame, ImageArray, Reading
from edge.web.picture.pictures import Picture, Variant
from edge.web.picture.view import CameraView
from tests.support.web import HAPPY

NUMBERS = count(1)


def frame(shade: int, height: int = 360, width: int = 640) -> Frame:
    image = np.full((height, width, 3), shade, np.uint8)
    return Frame(next(NUMBERS), ColourPicture(image), time.monotonic(), 0.0, 0.0)


def camera(control: CameraControl | None = None, **config: Any) -> CameraView:
    stream = StreamConfig.model_validate(config)
    return CameraView("door", stream, Metrics().camera("door"), SourceHealth(), control)


def newest(view: CameraView) -> Picture:
    picture = view.pictures.newest
    assert picture is not None
    return picture


def shown(view: CameraView, variant: Variant | None = None) -> ImageArray:
    data = newest(view).jpeg(variant or Variant())
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


Drawn = list[tuple[int, int | None]]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """The shade and the width of all that is drawn."""
    made: Drawn = []

    def counted(image: ImageArray, *args: Any) -> ImageArray:
        made.append((int(image[0, 0, 0]), args[1]))
        return annotate(image, *args)

    monkeypatch.setattr(edge.web.picture.pictures, "annotate", counted)
    return made


def test_a_picture_is_made_once_for_all_and_not_for_nobody(drawn: Drawn) -> None:
    view = camera()
    for shade in range(5):
        view.show(frame(shade), ())
    assert drawn == []
    with ThreadPoolExecutor(8) as viewers:
        answers = list(viewers.map(lambda _: newest(view).jpeg(), range(32)))
    assert drawn == [(4, 640)]
    assert all(answer == answers[0] for answer in answers)


def test_viewers_who_want_the_same_share_it(drawn: Drawn) -> None:
    view = camera(quality=80)
    view.show(frame(90), ())
    picture = newest(view)
    small, also_small = picture.jpeg(Variant(320)), picture.jpeg(Variant(320, 80))
    assert small is also_small
    assert picture.jpeg(Variant(1920)) is picture.jpeg(), "none is enlarged"
    assert picture.jpeg(Variant(320, 95)) != small
    assert [width for _, width in drawn] == [320, 640, 320]
    assert shown(view, Variant(320)).shape == (180, 320, 3)


def test_tags_tell_pictures_apart_without_making_them(drawn: Drawn) -> None:
    view = camera(quality=80)
    tags = set()
    for _ in range(2):
        view.show(frame(90), ())
        picture = newest(view)
        tags |= {
            picture.tag(Variant(320)),
            picture.tag(Variant(480)),
            picture.tag(Variant(320, 95)),
        }
        assert picture.tag(Variant(1920)) == picture.tag(Variant(None, 80))
    assert len(tags) == 6
    assert drawn == []


def test_who_wants_a_small_picture_does_not_wait_for_a_large_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawing, go_on = threading.Event(), threading.Event()

    def slow(image: ImageArray, *args: Any) -> ImageArray:
        if args[1] == 640:
            drawing.set()
            assert go_on.wait(30)
        return annotate(image, *args)

    monkeypatch.setattr(edge.web.picture.pictures, "annotate", slow)
    view = camera()
    view.show(frame(90), ())
    with ThreadPoolExecutor(2) as viewers:
        try:
            large = viewers.submit(newest(view).jpeg)
            assert drawing.wait(10)
            assert viewers.submit(newest(view).jpeg, Variant(320)).result(10)
        finally:
            go_on.set()
        assert large.result(10)


def test_a_viewer_gets_the_newest_picture_when_it_comes() -> None:
    view = camera()
    view.show(frame(1), ())
    first = view.pictures.wait(after=0, timeout=1)
    assert first is not None
    assert view.pictures.wait(after=first.version, timeout=0.05) is None
    threading.Timer(0.1, lambda: view.show(frame(200), ())).start()
    newer = view.pictures.wait(after=first.version, timeout=5)
    assert newer is not None
    assert newer.version > first.version
    assert abs(int(shown(view).mean()) - 200) < 3


def noisy() -> Frame:
    image = np.random.default_rng(0).integers(0, 256, (360, 640, 3), np.uint8)
    return Frame(0, ColourPicture(image), time.monotonic(), 0.0, 0.0)


def is_blurred(picture: ImageArray, box: Box) -> bool:
    part = picture[box.y : box.y + box.height, box.x : box.x + box.width]
    return float(np.abs(np.diff(part.astype(int), axis=1)).mean()) < 10


FACE, CORNER = Box(200, 100, 100, 100), Box(500, 250, 100, 100)


@pytest.mark.parametrize("variant", [Variant(), Variant(480), Variant(quality=95)])
def test_faces_are_blurred_in_every_variant(variant: Variant) -> None:
    view = camera(faces="blur")
    view.show(noisy(), (), [FACE])
    picture = shown(view, variant)
    scale = picture.shape[1] / 640
    at = [Box(*(round(scale * n) for n in (b.x, b.y, b.width, b.height))) for b in (FACE, CORNER)]
    assert is_blurred(picture, at[0])
    assert not is_blurred(picture, at[1])


def test_faces_are_shown_unless_they_are_to_be_blurred() -> None:
    view = camera()
    view.show(noisy(), (), [FACE])
    assert not is_blurred(shown(view), FACE)


def test_a_face_stays_blurred_when_its_marks_are_taken_away() -> None:
    view = camera(faces="blur")
    view.show(noisy(), [Reading(FACE, HAPPY)], [FACE])
    view.clear()
    assert view.faces == []
    assert is_blurred(shown(view), FACE)


def test_where_faces_are_blurred_no_frame_is_shown_that_nobody_looked_at() -> None:
    view = camera(faces="blur")
    view.show(noisy(), (), None)
    assert not view.has_picture
    view.show(noisy(), (), [FACE])
    before = newest(view)
    view.show(noisy(), (), None)
    assert newest(view) is before


def test_where_faces_are_blurred_nothing_is_shown_without_a_detector() -> None:
    control = CameraControl()
    view = camera(control, faces="blur")
    view.show(noisy(), (), [FACE])
    control.obey("detector off")
    assert float(np.median(shown(view))) < 5
    view.show(noisy(), (), ())
    assert float(np.median(shown(view))) < 5
    control.obey("detector on")
    view.show(noisy(), (), None)
    assert float(np.median(shown(view))) < 5, "it was not looked at"
    view.show(noisy(), (), [FACE])
    assert float(np.median(shown(view))) > 50


def test_a_paused_camera_shows_a_dark_picture_and_goes_on() -> None:
    control = CameraControl()
    view = camera(control)
    view.show(frame(200), ())
    control.obey("pause")
    assert float(np.median(shown(view))) < 5
    view.show(frame(200), ())
    view.clear()
    assert float(np.median(shown(view, Variant(320)))) < 5
    control.obey("resume")
    view.show(frame(200), ())
    assert float(np.median(shown(view))) > 150


def test_what_the_configuration_asks_for_is_drawn() -> None:
    plain, rich = camera(), camera(fps=True)
    for view in (plain, rich):
        view.show(frame(120), ())
    assert np.abs(shown(plain)[:40, :100].astype(int) - 120).max() < 20
    assert np.abs(shown(rich)[:40, :100].astype(int) - 120).max() > 60
