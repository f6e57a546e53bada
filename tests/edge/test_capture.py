import struct
import subprocess
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from edge.capture import EndOfVideo, Source, SourceError, make_source
from edge.capture.factory import DEMO_CLIP
from edge.capture.stream import NetworkStream
from edge.capture.video_file import PlayedFile, VideoFile
from edge.capture.webcam import Webcam
from edge.config import CameraConfig, CaptureConfig, Config
from edge.errors import ConfigError
from tests.support.system import program

CONFIG = CaptureConfig(stall_seconds=1)


def camera(source: str | int, **keys: Any) -> CameraConfig:
    return Config.model_validate({"cameras": {"door": {"source": source, **keys}}}).cameras["door"]


def _read_all(source: Source, times: list[float | None]) -> None:
    while True:
        times.append(source.grab())
        source.retrieve()


def test_a_clip_gives_every_frame_with_its_time(short_clip: Path) -> None:
    source = make_source(camera(str(short_clip)))
    assert not source.live
    source.open()
    times: list[float | None] = []
    with pytest.raises(EndOfVideo):
        _read_all(source, times)
    assert times == pytest.approx([number / 25 for number in range(30)], abs=0.002)


def test_the_clock_of_a_clip_never_goes_back(tmp_path: Path) -> None:
    # AVI keeps the times of decoding, and pictures that build on later ones are shown before them.
    path = tmp_path / "back.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "2"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        noise = np.random.default_rng(0)
        for _ in range(12):
            image = noise.integers(0, 256, (48, 64, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "bgr24")))
        container.mux(stream.encode())
    source = VideoFile(path)
    source.open()
    times: list[Any] = []
    with pytest.raises(EndOfVideo):
        _read_all(source, times)
    assert len(times) == 12
    assert all(later > earlier for earlier, later in pairwise(times))
    assert times[-1] < 12 / 25 + 0.2


def _times(path: Path) -> list[float | None]:
    """Read a clip that is whole, and return its frames' times."""
    source = VideoFile(path)
    source.open()
    times: list[float | None] = []
    with pytest.raises(EndOfVideo):
        _read_all(source, times)
    return times


def test_a_clip_that_was_trimmed_without_encoding_is_whole(tmp_path: Path) -> None:
    """It begins with the key frame before its beginning, and hides what is too early."""
    path = tmp_path / "trimmed.mp4"
    with av.open(str(DEMO_CLIP)) as clip, av.open(str(path), "w") as trimmed:
        video = clip.streams.video[0]
        assert video.time_base is not None
        begin, seconds = int(1.3 / video.time_base), int(3.0 / video.time_base)
        clip.seek(begin, stream=video)
        copy = trimmed.add_stream_from_template(video)
        for packet in clip.demux(video):
            if packet.pts is not None and packet.dts is not None and packet.pts < begin + seconds:
                packet.pts, packet.dts = packet.pts - begin, packet.dts - begin
                packet.stream = copy
                trimmed.mux(packet)
    assert len(_times(path)) == 75, "of the 84 in the file"


@pytest.mark.parametrize("begin", [0.5, 3.0, 5.0])
def test_a_clip_of_which_an_edit_list_shows_a_part_is_whole(tmp_path: Path, begin: float) -> None:
    """As phones trim: all frames stay in the file, and two seconds of them are shown."""
    content = bytearray(DEMO_CLIP.read_bytes())
    with av.open(str(DEMO_CLIP)) as clip:
        time_base = clip.streams.video[0].time_base
        assert time_base is not None
        moment = int(begin / time_base)
    at = content.index(b"elst")
    version, count, _, first, rate = struct.unpack_from(">IIIII", content, at + 4)
    assert (version, count, rate) == (0, 1, 1 << 16)
    header = content.index(b"mvhd")
    (scale,) = struct.unpack_from(">I", content, header + 16)
    struct.pack_into(">II", content, at + 12, 2 * scale, first + moment)
    path = tmp_path / "edited.mp4"
    path.write_bytes(content)
    assert len(_times(path)) == pytest.approx(50, abs=2)


def test_a_clip_beside_the_configuration(short_clip: Path) -> None:
    source = make_source(camera(short_clip.name), short_clip.parent)
    source.open()
    source.close()


def test_a_clip_cut_short_is_an_error(tmp_path: Path) -> None:
    # The demo clip's index lies at its end; frames that its index names are taken away.
    content = bytearray(DEMO_CLIP.read_bytes())
    index = content.rfind(b"moov") - 4
    content[index // 2 : index] = bytes(index - index // 2)
    path = tmp_path / "cut.mp4"
    path.write_bytes(content)
    source = VideoFile(path)
    source.open()
    with pytest.raises(SourceError, match=r"cut short or damaged: [0-9]+ of its 650 frames"):
        _read_all(source, [])


@pytest.mark.parametrize("content", [b"", b"no video", b"\x00" * 5000])
def test_what_is_no_video_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match="not a video that can be read"):
        VideoFile(path).open()


def test_the_demo_begins_anew_and_keeps_its_pace(short_clip: Path) -> None:
    demo = PlayedFile(VideoFile(short_clip, loop=True), "demo")
    demo.open()
    start = time.monotonic()
    for _ in range(45):
        demo.grab()
    assert time.monotonic() - start > 44 / 25 - 0.1


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("no-such-clip.mp4", "no video at .*no-such-clip.mp4"),
        ("ftp://host/clip", "no source of kind ftp://"),
    ],
)
def test_a_source_that_is_not_there_is_named(spec: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_source(camera(spec))


@pytest.mark.parametrize(
    ("spec", "device"),
    [
        ("/dev/video9", "/dev/video9"),
        (9, "/dev/video9"),
        ("9", "/dev/video9"),
        ("/dev/v4l/by-id/usb-cam-index0", "/dev/v4l/by-id/usb-cam-index0"),
    ],
)
def test_a_webcam_that_is_not_plugged_in_may_come(spec: str | int, device: str) -> None:
    source = make_source(camera(spec))
    assert source.live
    with pytest.raises(SourceError, match=f"no camera at {device}: this box has"):
        source.open()


def test_a_device_that_is_no_camera_is_an_error() -> None:
    with pytest.raises(SourceError, match="cannot open /dev/null"):
        Webcam("/dev/null", CONFIG).open()


def test_a_clip_whose_sound_is_longer_than_its_picture_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    pipeline = (
        f"matroskamux name=mux ! filesink location={path} "
        "videotestsrc num-buffers=50 ! x264enc ! mux. audiotestsrc num-buffers=300 ! mux."
    )
    command = [program("gst-launch-1.0"), "-q", *pipeline.split()]
    subprocess.run(command, check=True, timeout=60)
    source = VideoFile(path)
    source.open()
    times: list[float | None] = []
    with pytest.raises(EndOfVideo):
        _read_all(source, times)
    assert len(times) == 50
    assert source.frames > 60, "OpenCV guesses the number from the sound"


def test_a_camera_that_refuses_is_an_error_without_its_password() -> None:
    stream = NetworkStream("rtsp://user:secret@127.0.0.1:9/x", CONFIG)
    with pytest.raises(SourceError) as error:
        stream.open()
    assert str(error.value) == (
        "rtsp://127.0.0.1:9: connection refused: is the camera on, and the port right?"
    )


def test_user_and_password_take_their_place_in_the_url() -> None:
    keys = {"username": "me@home", "password": "p:/@ss?#%"}
    source = make_source(camera("rtsp://old:one@10.0.0.5:554/stream?x=1", **keys))
    assert isinstance(source, NetworkStream)
    assert source._url == "rtsp://me%40home:p%3A%2F%40ss%3F%23%25@10.0.0.5:554/stream?x=1"
    assert source.description == "rtsp://10.0.0.5:554"


def test_an_url_that_is_none_is_named_without_its_password() -> None:
    with pytest.raises(ConfigError, match=r"is no URL$") as error:
        make_source(camera("rtsp://me:secret@[10.0.0.5/stream", username="me", password="other"))
    assert "secret" not in str(error.value)


def test_a_clip_in_a_loop_has_a_clock_that_goes_on(short_clip: Path) -> None:
    source = make_source(camera(str(short_clip), capture={"loop": True}))
    assert not source.live
    source.open()
    times = [source.grab() for _ in range(75)]
    assert times == pytest.approx([number / 25 for number in range(75)], abs=0.01)


def test_a_clip_in_real_time_is_a_camera_that_ends(short_clip: Path) -> None:
    source = make_source(camera(str(short_clip), capture={"realtime": True}))
    assert source.live
    source.open()
    start = time.monotonic()
    times: list[float | None] = []
    with pytest.raises(EndOfVideo):
        _read_all(source, times)
    assert times == [None] * 30
    assert time.monotonic() - start > 29 / 25 - 0.1


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, name in enumerate(("c.PNG", "a.jpg", "b.jpeg")):
        good, data = cv2.imencode(Path(name).suffix.lower(), np.full((20, 30, 3), number, np.uint8))
        assert good
        (folder / name).write_bytes(data.tobytes())
    return folder


def test_a_folder_of_images_is_a_clip_in_the_order_of_names(pictures: Path) -> None:
    (pictures / "aa.jpg").write_bytes(b"no image")
    (pictures / "aaa.jpg").write_bytes(b"")
    (pictures / "notes.txt").write_bytes(b"no image, and not taken for one")
    source = make_source(camera(pictures.name), pictures.parent)
    source.open()
    shown: list[int] = []
    for _ in range(3):
        source.grab()
        shown.append(int(source.retrieve().image[0, 0, 0]))
    with pytest.raises(EndOfVideo):
        source.grab()
    assert shown == [1, 2, 0]
    assert source.damaged == 2


def test_a_folder_without_images_is_an_error(tmp_path: Path) -> None:
    source = make_source(camera(str(tmp_path)))
    with pytest.raises(SourceError, match=f"no images in {tmp_path}"):
        source.open()


def test_a_folder_of_damaged_images_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no image")
    source = make_source(camera(str(tmp_path)))
    source.open()
    with pytest.raises(SourceError, match="none of the images"):
        source.grab()
