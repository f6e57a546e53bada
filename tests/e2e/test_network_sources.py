"""Cameras on the network: MJPEG from edge-fer's own page, HLS from files, RTSP over UDP."""

import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edge.capture import SourceError
from edge.capture.stream import NetworkStream
from edge.config import CaptureConfig
from tests.support.daemon import Daemon
from tests.support.servers import RtspServer
from tests.support.system import eventually, program

CONFIG = CaptureConfig(stall_seconds=5)


def test_an_mjpeg_stream_is_a_camera(daemon: Callable[..., Daemon]) -> None:
    box = daemon(cameras={"demo": {"source": "demo"}}).ready()
    eventually(lambda: box.cameras()[0]["status"] == "online")
    stream = NetworkStream(f"http://127.0.0.1:{box.web_port}/cameras/demo/stream.mjpg", CONFIG)
    stream.open()
    for _ in range(10):
        stream.grab()
    assert stream.retrieve().size == (960, 540)
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
    assert stream.retrieve().size == (960, 540)
    stream.close()


def with_sound(path: Path) -> bytes:
    """Write a second of noise with four of silence as sound; return the file."""
    noise = np.random.default_rng(0)
    with av.open(str(path), "w") as file:
        video = file.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        sound = file.add_stream("mp2", rate=48000)
        for number in range(25):
            picture = noise.integers(0, 256, (120, 160, 3), np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = number
            file.mux(video.encode(frame))
        file.mux(video.encode())
        for number in range(170):
            silence = np.zeros((1, 2 * 1152), np.int16)
            heard = av.AudioFrame.from_ndarray(silence, format="s16", layout="stereo")
            heard.sample_rate, heard.pts = 48000, 1152 * number
            file.mux(sound.encode(heard))
    return path.read_bytes()


class SoundForEver(BaseHTTPRequestHandler):
    """Sends a transport stream, and then its packets of sound, slowly and for ever."""

    content = b""

    def do_GET(self) -> None:
        packets = [self.content[at : at + 188] for at in range(0, len(self.content), 188)]
        sound = [p for p in packets if (p[1] & 31) << 8 | p[2] == 257]
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(self.content)
            while True:
                self.wfile.write(b"".join(sound[:20]))
                time.sleep(0.1)

    def log_message(self, *_: object) -> None:
        pass


def test_a_camera_whose_picture_stops_while_its_sound_goes_on_is_left(tmp_path: Path) -> None:
    SoundForEver.content = with_sound(tmp_path / "clip.ts")
    server = ThreadingHTTPServer(("127.0.0.1", 0), SoundForEver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/live.ts"
    stream = NetworkStream(url, CaptureConfig(stall_seconds=2))
    stream.open()
    stream.grab()
    start = time.monotonic()
    with pytest.raises(SourceError, match="no whole picture"):
        _read_on(stream)
    assert time.monotonic() - start < 40
    stream.close()
    server.shutdown()
    server.server_close()


def test_a_kind_of_video_that_nobody_knows_is_named(site: str, tmp_path: Path) -> None:
    content = with_sound(tmp_path / "clip.mkv")
    assert b"V_MPEG4/ISO/ASP" in content
    (tmp_path / "clip.mkv").write_bytes(content.replace(b"V_MPEG4/ISO/ASP", b"V_MPEG9/ISO/XXX"))
    with pytest.raises(SourceError, match="of a kind that cannot be decoded"):
        NetworkStream(f"{site}/clip.mkv", CONFIG).open()


def test_a_camera_may_be_named_in_any_letters(site: str, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "clip.avi"), "w") as file:
        file.metadata["title"] = "Tuer"
        video = file.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        for _ in range(5):
            picture = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
            file.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        file.mux(video.encode())
    path = tmp_path / "clip.avi"
    path.write_bytes(path.read_bytes().replace(b"Tuer", b"T\xfcr\x00"))
    stream = NetworkStream(f"{site}/clip.avi", CONFIG)
    stream.open()
    stream.grab()
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
    ours = stream.retrieve().image
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


def test_rtsp_over_udp(rtsp: RtspServer) -> None:
    stream = NetworkStream(rtsp.url, CaptureConfig(stall_seconds=10, transport="udp"))
    stream.open()
    for _ in range(10):
        stream.grab()
    image = stream.retrieve().image
    assert image is not None
    assert image.shape == (540, 960, 3)
    stream.close()
