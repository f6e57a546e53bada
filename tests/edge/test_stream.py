"""The stream and the snapshot over HTTP; viewers that are slow, stopped or many."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import edge.web.picture.stream
import edge.web.server.delivery
from edge.capture.picture import ColourPicture
from edge.records import Frame
from edge.web.server.server import WebServer
from tests.support.system import eventually, free_port
from tests.support.web import WebBox

STREAM, SNAPSHOT = "/cameras/door/stream.mjpg", "/cameras/door/snapshot.jpg"


def noise(number: int) -> Frame:
    """Return a frame whose JPEG is large: noise, with its number as the shade of a corner."""
    image = np.random.default_rng(number).integers(0, 256, (480, 640, 3), np.uint8)
    image[:64, :64] = min(number, 255)
    return Frame(number, ColourPicture(image), time.monotonic(), 0.0, 0.0)


def number_in(jpeg: bytes) -> int:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    inner = image.shape[1] // 40  # of the corner, whatever width was asked for
    return round(float(image[inner : 3 * inner, inner : 3 * inner].mean()))


@pytest.fixture
def box() -> WebBox:
    box = WebBox(web={"port": free_port(), "max_viewers": 3})
    box.views["door"].show(noise(10), ())
    return box


@pytest.fixture
def server(box: WebBox) -> Iterator[WebServer]:
    server = WebServer(box.app, box.config.web)
    server.start()
    yield server
    box.stop.set()
    server.stop(time.monotonic() + 5)


class Viewer:
    """A socket that asks for a stream, and reads it when it is told to."""

    def __init__(self, box: WebBox, query: str = "", buffer: int = 16384) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(20)
        self.socket.connect(("127.0.0.1", box.config.web.port))
        self.socket.sendall(f"GET {STREAM}{query} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass

    def part(self) -> bytes:
        """Read a boundary, headers and as many bytes as they say; return the JPEG."""
        assert self.file.readline() == b"--frame\r\n"
        assert self.file.readline() == b"Content-Type: image/jpeg\r\n"
        length = re.fullmatch(rb"Content-Length: (\d+)\r\n", self.file.readline())
        assert length is not None
        assert self.file.readline() == b"\r\n"
        jpeg = self.file.read(int(length[1]))
        assert self.file.read(2) == b"\r\n"
        assert jpeg.startswith(b"\xff\xd8")
        assert jpeg.endswith(b"\xff\xd9")
        return jpeg

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def view(box: WebBox, server: WebServer) -> Iterator[Callable[..., Viewer]]:
    """Let viewers come to the server; they leave after the test."""
    assert server
    with ExitStack() as stack:

        def come(query: str = "", buffer: int = 16384) -> Viewer:
            viewer = Viewer(box, query, buffer)
            stack.callback(viewer.close)
            return viewer

        yield come


def watching(box: WebBox) -> float | None:
    return box.metrics.registry.get_sample_value("edge_fer_stream_viewers", {"camera": "door"})


def test_a_viewer_sees_the_last_picture_at_once_though_the_camera_stands_still(
    view: Callable[..., Viewer],
) -> None:
    viewer = view()
    assert number_in(viewer.part()) == 10
    # Browsers show a picture when they see the boundary behind it.
    assert viewer.file.readline() == b"--frame\r\n"


def test_a_stream_has_headers_that_players_and_proxies_need(box: WebBox) -> None:
    answer = box.client.get(STREAM)
    assert answer.mimetype == "multipart/x-mixed-replace"
    assert answer.mimetype_params["boundary"] == "frame"
    assert answer.headers["Cache-Control"] == "no-store"
    answer.close()


def test_pictures_come_in_the_size_and_quality_that_are_asked_for(box: WebBox) -> None:
    box.views["door"].show(noise(10), ())
    sizes = {}
    for query in ("", "?width=320", "?width=320&quality=95", "?width=1920"):
        for path in (STREAM, SNAPSHOT):
            jpeg = _first_jpeg(box.client.get(path + query))
            image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
            assert image is not None
            sizes[path, query] = (image.shape[1], len(jpeg))
    for path in (STREAM, SNAPSHOT):
        assert [sizes[path, q][0] for q in ("", "?width=320", "?width=1920")] == [640, 320, 640]
        assert sizes[path, "?width=320&quality=95"][1] > sizes[path, "?width=320"][1]


def _first_jpeg(answer: TestResponse) -> bytes:
    if answer.mimetype == "image/jpeg":
        return answer.data
    parts = answer.iter_encoded()
    assert next(parts) == b"--frame\r\n"
    part = next(parts)
    answer.close()
    return part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n--frame\r\n")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (f"{STREAM}?width=333", "width is one of 320, 480, 640, 960, 1280, 1920"),
        (f"{STREAM}?fps=0", "fps is one of 1, 2, 5, 10, 15, 25"),
        (f"{STREAM}?quality=81", "quality is one of 40, 60, 80, 95"),
        (f"{SNAPSHOT}?width=", "width is one of 320, 480, 640, 960, 1280, 1920"),
        (f"{SNAPSHOT}?width=320.0", "width is one of 320, 480, 640, 960, 1280, 1920"),
        (f"{SNAPSHOT}?quality={'9' * 5000}", "quality is one of 40, 60, 80, 95"),
    ],
)
def test_other_values_are_refused_and_the_allowed_ones_listed(
    box: WebBox, path: str, told: str
) -> None:
    answer = box.client.get(path)
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["detail"] == told


@pytest.mark.parametrize("path", [STREAM, SNAPSHOT])
def test_without_such_a_camera_or_where_privacy_shows_none_there_is_a_problem(path: str) -> None:
    private = WebBox(privacy={"mode": "anonymous"})
    private.show("door")
    assert private.client.get(path).status_code == 403
    assert private.client.get(path.replace("door", "window")).status_code == 404


def test_a_snapshot_that_did_not_change_is_not_sent_again(box: WebBox) -> None:
    client = box.client
    first = client.get(SNAPSHOT)
    assert first.mimetype == "image/jpeg"
    assert first.headers["Cache-Control"] == "private, no-cache"
    tag = first.headers["ETag"]
    again = client.get(SNAPSHOT, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == tag
    assert client.get(f"{SNAPSHOT}?width=320", headers={"If-None-Match": tag}).status_code == 200
    box.views["door"].show(noise(20), ())
    newer = client.get(SNAPSHOT, headers={"If-None-Match": tag})
    assert newer.status_code == 200
    assert number_in(newer.data) == 20


def test_before_the_first_picture_a_snapshot_is_to_be_asked_for_again() -> None:
    answer = WebBox().client.get(SNAPSHOT)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_there_are_seats_for_so_many_viewers_and_head_takes_none(
    box: WebBox, view: Callable[..., Viewer]
) -> None:
    viewers = [view() for _ in range(3)]
    assert [viewer.status for viewer in viewers] == [200] * 3
    for client in (box.client, box.client):
        head = client.head(STREAM)
        assert head.status_code == 200
        assert "Content-Length" not in head.headers
    refused = box.client.get(STREAM)
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.get_json()["detail"] == (
        "3 streams are being watched already, as many as web.max_viewers allows"
    )
    eventually(lambda: watching(box) == 3)
    viewers[0].close()
    eventually(lambda: watching(box) == 2, 10, "that a viewer of a still picture has left")
    eventually(lambda: view().status == 200, 10)


def test_a_viewer_that_is_slow_gets_the_newest_picture_and_not_all_of_them(
    box: WebBox, view: Callable[..., Viewer]
) -> None:
    slow, quick = view(), view()
    seen = [number_in(quick.part())]
    for number in range(20, 250):
        box.views["door"].show(noise(number), ())
        seen.append(number_in(quick.part()))
    assert len(set(seen)) > 150, "the quick one is not held up"
    late = [number_in(slow.part()) for _ in range(4)]
    assert late[0] <= 20
    assert late[-1] == 249


def test_a_viewer_that_takes_nothing_is_hung_up_on_and_its_seat_is_free(
    box: WebBox, view: Callable[..., Viewer], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = [view() for _ in range(3)]
    eventually(lambda: watching(box) == 3)
    monkeypatch.setattr(edge.web.server.delivery, "_ANSWER_SECONDS", 1.0)

    def gone() -> bool:
        box.views["door"].show(noise(30), ())
        return watching(box) == 0

    eventually(gone, 20)
    assert stopped[0].status == 200
    assert view().status == 200


def test_a_viewer_that_takes_a_few_bytes_at_a_time_is_hung_up_on_too(
    box: WebBox, view: Callable[..., Viewer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge.web.picture.stream, "_TAKE_SECONDS", 1.0)
    dripping = view(buffer=1024)

    def gone() -> bool:
        box.views["door"].show(noise(30), ())
        dripping.socket.recv(100)
        return watching(box) == 0

    eventually(lambda: watching(box) == 1)
    eventually(gone, 20)


def test_health_answers_while_all_seats_are_taken_by_viewers_that_take_nothing(
    box: WebBox, view: Callable[..., Viewer]
) -> None:
    stopped = [view() for _ in range(3)]
    eventually(lambda: watching(box) == 3)
    for number in range(20, 40):
        box.views["door"].show(noise(number), ())
        with socket.create_connection(("127.0.0.1", box.config.web.port), 10) as client:
            client.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.0 200 OK")
    assert len(stopped) == 3


def test_viewers_of_a_rate_get_so_many_pictures_and_the_same(
    box: WebBox, view: Callable[..., Viewer]
) -> None:
    viewers = [view("?fps=5&width=320") for _ in range(2)]
    stop = threading.Event()

    def play() -> None:
        number = 20
        while not stop.wait(0.01):
            box.views["door"].show(noise(number), ())
            number = 20 + int(20 * (time.monotonic() - start))

    start = time.monotonic()
    player = threading.Thread(target=play)
    player.start()
    seen: list[list[int]] = [[], []]
    for _ in range(6):
        for viewer, numbers in zip(viewers, seen, strict=True):
            numbers.append(number_in(viewer.part()))
    took = time.monotonic() - start
    stop.set()
    player.join(10)
    assert took > 0.75, "six pictures span at least four fifths of a second"
    assert all(later > earlier for numbers in seen for earlier, later in pairwise(numbers))


def test_the_stream_ends_when_the_daemon_stops(box: WebBox, client: FlaskClient) -> None:
    parts = client.get(STREAM).iter_encoded()
    next(parts)
    assert b"Content-Type: image/jpeg" in next(parts)
    threading.Timer(0.2, box.stop.set).start()
    assert list(parts) == []


@pytest.fixture
def client(box: WebBox) -> FlaskClient:
    return box.client
