"""Cameras by HTTP: MJPEG, from edge-fer's own page, and HLS, from files as a camera writes them."""

import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture import SourceError
from edge.capture.stream import NetworkStream
from edge.config import CaptureConfig
from tests.support.daemon import Daemon
from tests.support.system import eventually, program

CONFIG = CaptureConfig(stall_seconds=5)


def test_an_mjpeg_stream_is_a_camera(daemon: Callable[..., Daemon]) -> None:
    box = daemon(cameras={"demo": {"source": "demo"}}).ready()
    eventually(lambda: box.cameras()[0]["status"] == "online")
    stream = NetworkStream(f"http://127.0.0.1:{box.web_port}/cameras/demo/stream.mjpg", CONFIG)
    stream.open()
    for _ in range(10):
        stream.grab()
    assert stream.retrieve().shape == (540, 960, 3)
    box.kill()
    with pytest.raises(SourceError, match="gives no more frames"):
        _read_on(stream)
    stream.close()


def _read_on(stream: NetworkStream) -> None:
    while True:
        stream.grab()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_hls_stream_is_a_camera(site: str, tmp_path: Path, face_h264: Path) -> None:
    pipeline = (
        f"filesrc location={face_h264} ! qtdemux ! h264parse config-interval=-1 ! mpegtsmux "
        f"! hlssink location={tmp_path}/part%d.ts playlist-location={tmp_path}/live.m3u8 "
        "target-duration=1"
    )
    command = [program("gst-launch-1.0"), "-q", *pipeline.split()]
    subprocess.run(command, check=True, timeout=60)
    stream = NetworkStream(f"{site}/live.m3u8", CONFIG)
    stream.open()
    for _ in range(10):
        stream.grab()
    assert stream.retrieve().shape == (540, 960, 3)
    stream.close()


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_camera_on_its_side_is_turned_upright(
    site: str, tmp_path: Path, face_h264: Path, degrees: int
) -> None:
    content = bytearray(face_h264.read_bytes())
    across, down = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    # The matrix of the track's header, after forty bytes of it (ISO/IEC 14496-12, 8.3.2).
    place = content.index(b"tkhd") + 44
    turn = (across, down, 0, -down, across, 0, 0, 0, 0x4000)
    content[place : place + 36] = struct.pack(">9i", *(value << 16 for value in turn))
    (tmp_path / "turned.mp4").write_bytes(content)
    stream = NetworkStream(f"{site}/turned.mp4", CONFIG)
    stream.open()
    stream.grab()
    ours = stream.retrieve()
    stream.close()
    video = cv2.VideoCapture(str(tmp_path / "turned.mp4"))
    assert video.get(cv2.CAP_PROP_ORIENTATION_META) in {degrees, 360 - degrees}
    good, theirs = video.read()
    assert good
    assert ours.shape == theirs.shape == ((960, 540, 3) if degrees != 180 else (540, 960, 3))
    assert np.abs(ours.astype(int) - theirs).mean() < 3, "as OpenCV turns it"


@pytest.mark.parametrize(
    ("path", "message"), [("none.m3u8", "no stream at this path"), ("text", "none that is video")]
)
def test_what_is_no_stream_is_named(site: str, tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "text").write_text("hello\n" * 100)
    with pytest.raises(SourceError, match=message):
        NetworkStream(f"{site}/{path}", CONFIG).open()
