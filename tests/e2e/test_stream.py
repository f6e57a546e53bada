"""What players make of the stream of a whole daemon: 200 frames each, without an error."""

import json
import re
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.browser import chromium
from tests.support.daemon import Daemon
from tests.support.system import eventually, program

FRAMES = 200
STREAM, SNAPSHOT = "/cameras/demo/stream.mjpg", "/cameras/demo/snapshot.jpg"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon on the demo clip."""
    config = {"cameras": {"demo": {"source": "demo"}}, "stream": {"probabilities": True}}
    box = Daemon(tmp_path_factory.mktemp("box"), config)
    box.ready()
    eventually(lambda: box.cameras()[0]["picture"], 20, "a picture")
    yield box
    box.kill()


def picture(jpeg: bytes) -> NDArray[np.uint8]:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def test_ffmpeg_decodes_the_stream(box: Daemon) -> None:
    command = [
        program("ffmpeg"), "-v", "error", "-xerror", "-err_detect", "explode", "-nostdin",
        "-i", f"http://127.0.0.1:{box.web_port}{STREAM}", "-frames:v", str(FRAMES),
        "-progress", "-", "-f", "null", "/dev/null",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    assert int(re.findall(r"^frame=(\d+)", done.stdout, re.MULTILINE)[-1]) == FRAMES
    assert done.stderr == ""


def test_a_plain_multipart_reader_decodes_the_stream(box: Daemon) -> None:
    url = f"http://127.0.0.1:{box.web_port}{STREAM}?width=480"
    with closing(urllib.request.urlopen(url, timeout=30)) as answer:
        assert answer.headers.get_content_type() == "multipart/x-mixed-replace"
        boundary = b"--" + answer.headers.get_param("boundary").encode()
        for _ in range(FRAMES):
            assert answer.readline().strip() == boundary
            headers = {}
            while line := answer.readline().strip():
                name, value = line.decode().split(": ")
                headers[name.lower()] = value
            assert headers["content-type"] == "image/jpeg"
            assert picture(answer.read(int(headers["content-length"]))).shape == (270, 480, 3)
            assert answer.read(2) == b"\r\n"


def test_chromium_shows_the_stream(box: Daemon, tmp_path: Path) -> None:
    count = """
        const [url, frames, done] = arguments;
        const image = document.createElement('img');
        const canvas = document.createElement('canvas');
        const pen = canvas.getContext('2d', {willReadFrequently: true});
        const seen = new Set();
        image.onerror = () => done('an error after ' + seen.size + ' pictures');
        function look() {
            if (image.naturalWidth) {
                [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
                pen.drawImage(image, 0, 0);
                const pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data;
                let hash = 0;
                for (let i = 0; i < pixels.length; i += 97) hash = (hash * 31 + pixels[i]) | 0;
                seen.add(hash);
            }
            if (seen.size >= frames) done(image.naturalWidth + 'x' + image.naturalHeight);
            else setTimeout(look, 10);
        }
        document.body.append(image);
        image.src = url;
        look();
    """
    with chromium(tmp_path / "profile", 700, 500) as browser:
        browser.set_script_timeout(110)
        browser.get(f"http://127.0.0.1:{box.web_port}/healthz")
        # The clip is still in parts, and a picture that is like one before does not count.
        assert browser.execute_async_script(count, f"{STREAM}?width=640", FRAMES) == "640x360"
        errors = [e["message"] for e in browser.get_log("browser") if e["level"] == "SEVERE"]
        assert not [error for error in errors if "favicon" not in error]


def test_home_assistant_finds_a_picture_in_the_stream(box: Daemon) -> None:
    """Its MJPEG camera takes what lies between JPEG's own markers, for a still picture."""
    data = b""
    with closing(urllib.request.urlopen(f"http://127.0.0.1:{box.web_port}{STREAM}")) as answer:
        while b"\xff\xd9" not in data:
            data += answer.read(1024)
    still = data[data.index(b"\xff\xd8") : data.index(b"\xff\xd9") + 2]
    assert picture(still).shape == (540, 960, 3)


def test_the_last_picture_of_a_paused_camera_comes_at_once(box: Daemon) -> None:
    def command(word: str) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{box.web_port}/api/cameras/demo/control",
            json.dumps({"command": word}).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=10).close()

    def first() -> NDArray[np.uint8]:
        url = f"http://127.0.0.1:{box.web_port}{STREAM}"
        with closing(urllib.request.urlopen(url, timeout=10)) as answer:
            assert answer.readline() == b"--frame\r\n"
            answer.readline()
            length = int(answer.readline().split()[1])
            answer.readline()
            return picture(answer.read(length))

    command("pause")
    assert float(np.median(first())) < 5
    command("resume")
    eventually(lambda: float(np.median(first())) > 5, 20, "a picture after resume")


def test_a_snapshot_is_sent_once_while_the_picture_stays(box: Daemon) -> None:
    url = f"http://127.0.0.1:{box.web_port}{SNAPSHOT}"
    with closing(urllib.request.urlopen(url)) as answer:
        assert picture(answer.read()).shape == (540, 960, 3)
        tag = answer.headers["ETag"]

    def another() -> bool:
        with closing(urllib.request.urlopen(url)) as answer:
            return bool(answer.headers["ETag"] != tag)

    eventually(another, 20, "another picture")


def sees_a_face(image: NDArray[np.uint8]) -> bool:
    """Ask OpenCV's own scan as it comes: few squares, too, are a face to a window or two."""
    cascade = cv2.CascadeClassifier(f"{cv2.data.haarcascades}haarcascade_frontalface_default.xml")
    return len(cascade.detectMultiScale(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))) > 0


def test_no_picture_of_a_box_that_blurs_has_a_face(
    daemon: Callable[..., Daemon], short_clip: Path, face_frame: NDArray[np.uint8]
) -> None:
    assert sees_a_face(face_frame), "the clip has one in every frame"
    everywhere = [[0, 0], [1, 0], [1, 1], [0, 1]]
    clip = {"source": str(short_clip), "capture": {"realtime": True, "loop": True}}
    box = daemon(
        cameras={
            "door": clip,
            "masked": {**clip, "detect": {"mask": everywhere}},
            "tiny": {**clip, "detect": {"min_size": 5000}},
        },
        stream={"faces": "blur"},
    ).ready()
    eventually(lambda: box.cameras()[0]["faces"], 30, "a face")
    for name in ("door", "masked", "tiny"):
        tags = set()
        while len(tags) < 20:
            url = f"http://127.0.0.1:{box.web_port}/cameras/{name}/snapshot.jpg"
            with closing(urllib.request.urlopen(url, timeout=10)) as answer:
                tags.add(answer.headers["ETag"])
                assert not sees_a_face(picture(answer.read()))
    for camera in box.cameras()[1:]:
        assert camera["faces"] == [], "it is blurred where it does not count"
