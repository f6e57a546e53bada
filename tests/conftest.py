"""What many tests use: the demo clip's frames, a broker, an RTSP stream, small data sets."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.capture.factory import DEMO_CLIP
from edge.classify import Classifier, load_classifier
from edge.config import ClassifyConfig
from tests.support.daemon import Daemon
from tests.support.servers import RtspServer, Subscriber, face_clip, h264_clip, start_mosquitto
from tests.support.system import SHARED, Process, free_port, missing

FACE_SECOND = 8.0
"""Where in the demo clip the face is large, frontal and well lit."""


@pytest.fixture(scope="session")
def face_frame() -> NDArray[np.uint8]:
    """A frame of the demo clip with one face."""
    video = cv2.VideoCapture(str(DEMO_CLIP))
    video.set(cv2.CAP_PROP_POS_MSEC, FACE_SECOND * 1000)
    good, image = video.read()
    assert good
    return np.asarray(image, np.uint8)


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    """The model that ships."""
    return load_classifier(ClassifyConfig(delegate="cpu"))


@pytest.fixture
def short_clip(tmp_path: Path, face_frame: NDArray[np.uint8]) -> Path:
    """A clip of 30 frames, 25 a second, with one face."""
    path = tmp_path / "short.mp4"
    height, width = face_frame.shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (width, height))
    for _ in range(30):
        writer.write(face_frame)
    writer.release()
    return path


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data, or a skip."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not there")
    return SHARED


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[tuple[Process, int]]:
    """A real broker and its port."""
    port = free_port()
    process = start_mosquitto(tmp_path, port)
    yield process, port
    process.kill()


@pytest.fixture(scope="session")
def demo_h264(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo clip as H.264."""
    return h264_clip(DEMO_CLIP, tmp_path_factory.mktemp("h264"))


@pytest.fixture(scope="session")
def face_h264(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of the demo clip with one face in every frame, as H.264."""
    return face_clip(tmp_path_factory.mktemp("face"))


@pytest.fixture
def rtsp(tmp_path: Path, demo_h264: Path) -> Iterator[RtspServer]:
    """A real RTSP server with the demo clip."""
    if not Path("/usr/lib/python3/dist-packages/gi").is_dir():
        missing("GStreamer for Python (make debian-packages)")
    server = RtspServer(demo_h264, tmp_path)
    yield server
    server.process.kill()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Callable[..., Daemon]]:
    """Start daemons; they are ended after the test."""
    started: list[Daemon] = []

    def start(env: dict[str, str] | None = None, **config: object) -> Daemon:
        started.append(Daemon(tmp_path, dict(config), env=env))
        return started[-1]

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def subscribe() -> Iterator[Callable[[int], Subscriber]]:
    """Subscribe to brokers by port; disconnected after the test."""
    open_ones: list[Subscriber] = []

    def start(port: int) -> Subscriber:
        open_ones.append(Subscriber(port))
        return open_ones[-1]

    yield start
    for subscriber in open_ones:
        subscriber.close()
