"""A webcam: a Video4Linux device of files, under the real OpenCV and the real daemon."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.daemon import Daemon
from tests.support.native import library
from tests.support.service_manager import Manager
from tests.support.system import eventually

Start = Callable[..., Daemon]


class FakeWebcam:
    """A device below /dev whose frames are what `show` gave it last."""

    def __init__(self, folder: Path, preload: Path) -> None:
        self.path = folder / "video7"
        self.env = {"LD_PRELOAD": str(preload), "FAKE_WEBCAM": str(self.path)}

    def plug_in(self) -> None:
        self.path.touch()

    def unplug(self) -> None:
        self.path.unlink()

    def show(self, data: bytes) -> None:
        new = self.path.with_suffix(".new")
        new.write_bytes(data)
        new.replace(f"{self.path}.jpg")


@pytest.fixture
def webcam(tmp_path: Path) -> Iterator[FakeWebcam]:
    folder = Path("/dev/shm") / f"edge-fer-{uuid.uuid4().hex}"
    folder.mkdir()
    yield FakeWebcam(folder, library(tmp_path, "webcam.c", "-ldl"))
    shutil.rmtree(folder)


@pytest.fixture
def jpeg(face_frame: NDArray[np.uint8]) -> bytes:
    good, data = cv2.imencode(".jpg", face_frame)
    assert good
    return data.tobytes()


@pytest.mark.parametrize("rigid", [False, True])
def test_a_webcam_is_read_unplugged_and_plugged_in_again(
    daemon: Start, webcam: FakeWebcam, jpeg: bytes, rigid: bool
) -> None:
    webcam.show(jpeg + b"\xff\x00padding")
    mode = {"width": 1280, "height": 720, "fps": 15, "fourcc": "MJPG", "stall_seconds": 2}
    config = {"cameras": {"desk": {"source": str(webcam.path)}, "other": {"source": "demo"}}}
    rigidity = {"FAKE_WEBCAM_RIGID": "1"} if rigid else {}
    box = daemon(env=webcam.env | rigidity, capture=mode, **config).ready()
    eventually(lambda: box.cameras()[0]["status"] == "offline", 30)
    eventually(lambda: "no camera at" in box.text, 10)
    eventually(lambda: box.cameras()[1]["status"] == "online", 30, "the other camera goes on")
    webcam.plug_in()
    eventually(lambda: box.cameras()[0]["status"] == "online", 30)
    assert ("does not take the fps" in box.text) == rigid
    eventually(lambda: "desk: face 1 appeared: happy" in box.text, 30)
    webcam.unplug()
    eventually(lambda: box.cameras()[0]["status"] in {"reconnecting", "offline"}, 30)
    webcam.plug_in()
    eventually(lambda: box.cameras()[0]["status"] == "online", 30)
    assert box.stop()[0] == 0
    assert "Traceback" not in box.text


@pytest.mark.parametrize("damage", ["empty", "cut", "noise", "huge"])
def test_damaged_frames_of_a_webcam_are_counted_and_not_shown(
    daemon: Start, webcam: FakeWebcam, jpeg: bytes, damage: str
) -> None:
    webcam.show(jpeg)
    webcam.plug_in()
    config = {"cameras": {"desk": {"source": str(webcam.path)}}}
    box = daemon(env=webcam.env, capture={"stall_seconds": 2}, **config).ready()
    eventually(lambda: box.cameras()[0]["status"] == "online", 30)
    noise = np.random.default_rng(0).bytes(len(jpeg))
    size = jpeg.index(b"\xff\xc0") + 5
    huge = jpeg[:size] + b"\xff\xdc\xff\xdc" + jpeg[size + 4 :]
    cut = jpeg[: len(jpeg) // 2]
    webcam.show({"empty": b"", "cut": cut, "noise": noise, "huge": huge}[damage])

    def corrupt() -> float:
        return box.metric("edge_fer_frames_dropped_total", camera="desk", reason="corrupt")

    eventually(lambda: corrupt() > 10, 20)
    eventually(lambda: box.cameras()[0]["status"] != "online", 20, "nothing whole comes")
    webcam.show(jpeg)
    eventually(lambda: box.cameras()[0]["status"] == "online", 60)
    assert box.metric("edge_fer_source_abandoned_total", camera="desk") == 0
    assert box.stop()[0] == 0
    assert "Traceback" not in box.text


def test_a_service_waits_for_a_webcam_that_is_late_at_boot(
    daemon: Start, webcam: FakeWebcam, jpeg: bytes, tmp_path: Path
) -> None:
    """Whoever starts it by hand has mistyped the name; systemd would not start it again."""
    webcam.show(jpeg)
    cameras = {"desk": {"source": str(webcam.path)}}
    by_hand = daemon(env=webcam.env, cameras=cameras)
    assert by_hand.popen.wait(60) == 2
    manager = Manager(tmp_path / "notify")
    box = daemon(env=webcam.env | manager.environment, cameras=cameras).ready()
    webcam.plug_in()
    eventually(lambda: box.cameras()[0]["status"] == "online", 60)
    eventually(lambda: "READY=1" in manager.heard())
    manager.close()
