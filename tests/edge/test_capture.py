import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from edge.capture import EndOfVideo, Source, SourceError, make_source
from edge.capture.network import NetworkStream
from edge.capture.opencv import OpenCvReader
from edge.capture.source import DEMO_CLIP
from edge.capture.video_file import DemoClip, VideoFile
from edge.config import CaptureConfig
from edge.errors import ConfigError
from edge.records import ImageArray
from tests.support.system import program

CONFIG = CaptureConfig(stall_seconds=1)


def _read_all(source: Source, times: list[float | None]) -> None:
    while True:
        times.append(source.read().position)


def test_a_clip_gives_every_frame_with_its_time(short_clip: Path) -> None:
    source = make_source(str(short_clip), CONFIG)
    assert not source.live
    source.open()
    times: list[float | None] = []
    with pytest.raises(EndOfVideo):
        _read_all(source, times)
    assert times == pytest.approx([number / 25 for number in range(30)], abs=0.002)


def test_a_clip_beside_the_configuration(short_clip: Path) -> None:
    source = make_source(short_clip.name, CONFIG, short_clip.parent)
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
    demo = DemoClip(short_clip)
    demo.open()
    start = time.monotonic()
    for _ in range(45):
        demo.read()
    assert time.monotonic() - start > 44 / 25 - 0.1


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("no-such-clip.mp4", "no video at .*no-such-clip.mp4"),
        ("/dev/video9", "no camera at /dev/video9"),
        (9, "no camera at /dev/video9"),
        ("9", "no camera at /dev/video9"),
        ("ftp://host/clip", "no source of kind ftp://"),
        ("/tmp", "no video at /tmp"),
    ],
)
def test_a_source_that_is_not_there_is_named(spec: str | int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_source(spec, CONFIG)


class FrozenReader(OpenCvReader):
    """Gives an old frame when the time limit has run out, as FFmpeg's decoder does."""

    def read(self) -> ImageArray:
        time.sleep(1.0)
        return np.zeros((4, 4, 3), np.uint8)


def test_an_old_frame_of_a_frozen_camera_is_not_passed_off_as_fresh() -> None:
    stream = NetworkStream("rtsp://127.0.0.1:9/x", CONFIG)
    stream._reader = FrozenReader("frozen")
    with pytest.raises(SourceError, match="gives no more frames"):
        stream.read()


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
    assert str(error.value) == "cannot open rtsp://127.0.0.1:9"
