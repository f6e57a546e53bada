import threading
import time
from collections.abc import Sequence

import cv2
import numpy as np
import pytest

import edge.web.view
from edge.capture.health import SourceHealth
from edge.capture.state import SourceState
from edge.config import Config, StreamConfig
from edge.metrics import Metrics
from edge.publish.event_log import EventLog
from edge.records import Box, Frame, ImageArray, Reading
from edge.web.app import create_app
from edge.web.site import Site
from edge.web.view import CameraView


def site(view: CameraView, stop: threading.Event, metrics: Metrics | None = None) -> Site:
    config = Config.model_validate({"cameras": {"door": {"source": "demo"}}})
    registry = (metrics or Metrics()).registry
    return Site(config, {"door": view}, EventLog(), registry, lambda: True, stop)


def frame(number: int) -> Frame:
    return Frame(number, np.full((90, 160, 3), number, np.uint8), 0.0, 0.0, 0.0)


@pytest.fixture
def view() -> CameraView:
    health = SourceHealth()
    health.move(SourceState.ONLINE)
    return CameraView("door", StreamConfig(), Metrics().camera("door"), health)


def test_a_picture_is_drawn_and_encoded_once_for_all_and_not_for_nobody(
    view: CameraView, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    real = edge.web.view.annotate

    def counted(image: ImageArray, readings: Sequence[Reading]) -> ImageArray:
        drawn.append(int(image[0, 0, 0]))
        return real(image, readings)

    monkeypatch.setattr(edge.web.view, "annotate", counted)
    for number in range(5):
        view.show(frame(number), ())
    assert drawn == []
    answers = [view.jpeg(after=0, timeout=1) for _ in range(4)]
    assert drawn == [4]
    assert all(answer == answers[0] for answer in answers)


def test_a_viewer_gets_the_newest_picture_when_it_comes(view: CameraView) -> None:
    view.show(frame(1), ())
    shown = view.jpeg(after=0, timeout=1)
    assert shown is not None
    assert view.jpeg(after=shown[0], timeout=0.05) is None
    threading.Timer(0.1, lambda: view.show(frame(200), ())).start()
    newer = view.jpeg(after=shown[0], timeout=5)
    assert newer is not None
    picture = cv2.imdecode(np.frombuffer(newer[1], np.uint8), cv2.IMREAD_COLOR)
    assert abs(int(picture.mean()) - 200) < 3


def test_the_stream_ends_when_the_daemon_stops(view: CameraView) -> None:
    stop = threading.Event()
    app = create_app(site(view, stop))
    view.show(frame(1), ())
    answer = app.test_client().get("/cameras/door/stream.mjpg")
    parts = answer.iter_encoded()
    assert b"Content-Type: image/jpeg" in next(parts)
    threading.Timer(0.2, stop.set).start()
    start = time.monotonic()
    assert list(parts) == []
    assert time.monotonic() - start < 2


def test_pages_answer(view: CameraView) -> None:
    happy = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    view.show(frame(1), (Reading(Box(1, 2, 3, 4), happy),))
    metrics = Metrics()
    client = create_app(site(view, threading.Event(), metrics)).test_client()
    assert b"/cameras/door/stream.mjpg" in client.get("/").data
    assert client.get("/healthz").data == b"ok\n"
    assert b"edge_fer_mqtt_connected 0.0" in client.get("/metrics").data
    assert client.get("/cameras/window/stream.mjpg").status_code == 404
    (camera,) = client.get("/api/cameras").get_json()
    assert camera["faces"][0]["label"] == "happy"
    assert camera["faces"][0]["box"] == [1, 2, 3, 4]
    assert camera["status"] == "online"
    assert camera["connection"]["quality"] == "good"
    assert camera["connection"]["last_frame_age"] is None
