"""``edge-fer image``, ``video`` and ``check`` as a user calls them."""

import json
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.capture.factory import DEMO_CLIP
from edge.emotions import EMOTIONS
from tests.support.daemon import run_cli
from tests.support.system import Process, eventually, free_port

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def photo(tmp_path: Path, face_frame: NDArray[np.uint8]) -> Path:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), face_frame)
    return path


def test_video_writes_a_line_a_frame_and_nothing_else(short_clip: Path) -> None:
    done = run_cli("video", short_clip, "--json")
    assert done.returncode == 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["frame"] for line in lines] == list(range(30))
    assert [line["time"] for line in lines] == pytest.approx([n / 25 for n in range(30)], abs=2e-3)
    for line in lines:
        (face,) = line["faces"]
        assert face["label"] == "happy"
        assert tuple(face["probabilities"]) == EMOTIONS
        assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-3)
        assert face["confidence"] == max(face["probabilities"].values())
        assert len(face["box"]) == 4
    assert "30 frames, faces in 30" in done.stderr


def test_video_writes_an_annotated_clip_and_a_file_of_lines(
    short_clip: Path, tmp_path: Path
) -> None:
    out, lines = tmp_path / "out.mp4", tmp_path / "lines.jsonl"
    done = run_cli("video", short_clip, "--json", lines, "--out", out, "--detector", "dlib")
    assert done.returncode == 0
    assert done.stdout == ""
    assert len(lines.read_text().splitlines()) == 30
    before, after = cv2.VideoCapture(str(short_clip)), cv2.VideoCapture(str(out))
    assert after.get(cv2.CAP_PROP_FRAME_COUNT) == 30
    assert after.get(cv2.CAP_PROP_FPS) == 25
    difference = np.abs(before.read()[1].astype(int) - after.read()[1])
    assert (difference > 60).sum() > 500, "a box was drawn"


def test_image_says_what_it_sees(photo: Path, tmp_path: Path) -> None:
    done = run_cli("image", photo)
    assert done.returncode == 0
    assert f"{photo}: 1 face" in done.stdout
    assert "happy" in done.stdout
    done = run_cli("image", photo, "--json", "--out", tmp_path / "out")
    seen = json.loads(done.stdout)
    assert seen["path"] == str(photo)
    assert seen["faces"][0]["label"] == "happy"
    assert cv2.imread(str(tmp_path / "out" / "photo.jpg")) is not None


def test_image_and_video_see_the_same(photo: Path, short_clip: Path) -> None:
    still = json.loads(run_cli("image", photo, "--json").stdout)["faces"][0]
    clip = json.loads(run_cli("video", short_clip, "--json").stdout.splitlines()[0])["faces"][0]
    # The clip is compressed, the photo is not: nearly the same, by the same code.
    assert still["box"] == pytest.approx(clip["box"], abs=16)
    assert still["confidence"] == pytest.approx(clip["confidence"], abs=0.1)


def test_check_of_the_shipped_configuration() -> None:
    done = run_cli("check", "--config", REPOSITORY / "config.yaml")
    assert done.returncode == 0
    assert "is valid: node box-1, cameras demo" in done.stdout


def _one_line(code: int, *arguments: str | Path, says: str) -> None:
    done = run_cli(*arguments)
    errors = done.stderr.splitlines()
    assert done.returncode == code, done.stderr
    assert len(errors) == 1, done.stderr
    assert errors[0].startswith("error: ")
    assert says in errors[0]
    assert "Traceback" not in done.stderr


CONFIGS = {
    "colour: red\ncameras: {demo: {source: demo}}": "unknown key colour",
    "cameras: {demo: {source: demo}}\nweb: {port: eighty}": "web.port should be",
    "cameras: {clip: {source: no-such-clip.mp4}}": "no video at",
    "cameras: {cam: {source: /dev/video9}}": "no camera at /dev/video9",
    "cameras: {demo: {source: demo}}\nclassify: {model: fer-huge}": "no model named 'fer-huge'",
}


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("text", CONFIGS)
def test_a_wrong_configuration_is_one_line_and_exit_code_2(
    tmp_path: Path, command: str, text: str
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    _one_line(2, command, "--config", path, says=CONFIGS[text])


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_missing_configuration_is_one_line_and_exit_code_2(tmp_path: Path, command: str) -> None:
    _one_line(2, command, "--config", tmp_path / "none.yaml", says="no configuration at")


def test_a_missing_clip_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    _one_line(2, "video", tmp_path / "none.mp4", says="no video at")


def test_a_damaged_image_is_one_line_and_exit_code_1(photo: Path, tmp_path: Path) -> None:
    photo.write_bytes(photo.read_bytes()[:100])
    _one_line(1, "image", photo, says="is not an image that can be read")
    _one_line(1, "image", tmp_path / "none.png", says="No such file")


@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_images_cut_short_are_a_line_each_and_exit_code_1(
    tmp_path: Path, face_frame: NDArray[np.uint8], ending: str
) -> None:
    whole = tmp_path / f"whole.{ending}"
    cv2.imwrite(str(whole), face_frame)
    content = whole.read_bytes()
    cut = [tmp_path / f"{kept}.{ending}" for kept in (0.01, 0.5, 0.99)]
    for path in cut:
        path.write_bytes(content[: int(len(content) * float(path.stem))])
    done = run_cli("image", whole, *cut)
    assert done.returncode == 1
    assert f"{whole}: 1 face" in done.stdout
    for path, line in zip(cut, done.stderr.splitlines(), strict=True):
        assert line.startswith("error: ")
        assert f"{path} is not an image that can be read" in line


def test_a_damaged_image_does_not_keep_the_others_back(
    photo: Path, short_clip: Path, tmp_path: Path
) -> None:
    done = run_cli("image", short_clip, tmp_path / "none.png", photo)
    assert done.returncode == 1
    assert f"{photo}: 1 face" in done.stdout
    assert done.stderr.count("error: ") == 2


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_truncated_video_is_one_line_and_exit_code_1(tmp_path: Path, kept: float) -> None:
    content = DEMO_CLIP.read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(content[: int(len(content) * kept)])
    _one_line(1, "video", path, says="cut short or damaged")


def test_the_daemon_says_the_same_of_a_truncated_video(tmp_path: Path) -> None:
    (tmp_path / "cut.mp4").write_bytes(DEMO_CLIP.read_bytes()[:500_000])
    path = tmp_path / "config.yaml"
    path.write_text(
        "cameras: {clip: {source: cut.mp4}}\nmqtt: {broker: 127.0.0.1}\n"
        f"web: {{port: {free_port()}}}"
    )
    done = run_cli("run", "--config", path)
    assert done.returncode == 1
    assert "cut short or damaged" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_clip_ends_the_daemon_with_exit_code_0(short_clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        f"cameras: {{clip: {{source: {short_clip}}}}}\nmqtt: {{broker: 127.0.0.1}}\n"
        f"web: {{port: {free_port()}}}"
    )
    done = run_cli("run", "--config", path)
    assert done.returncode == 0
    assert "every clip has ended" in done.stderr


def test_what_cannot_be_written_is_one_line(short_clip: Path, tmp_path: Path) -> None:
    _one_line(2, "video", short_clip, "--out", tmp_path / "out.avi", says="is an .mp4")
    _one_line(1, "video", short_clip, "--out", tmp_path / "no" / "out.mp4", says="cannot write")
    _one_line(1, "video", short_clip, "--json", tmp_path / "no" / "x", says="No such file")


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        path = tmp_path / "config.yaml"
        path.write_text(f"cameras: {{demo: {{source: demo}}}}\nweb: {{port: {port}}}")
        _one_line(1, "run", "--config", path, says=f"cannot listen on 127.0.0.1:{port}")
        path.write_text(
            f"cameras: {{demo: {{source: demo}}}}\nweb: {{port: {free_port()}}}\n"
            f"mqtt: {{port: {port}}}"
        )
        done = run_cli("run", "--config", path)
        assert done.returncode == 1
        assert f"error: the embedded broker cannot listen on 127.0.0.1:{port}" in done.stderr
        assert "Traceback" not in done.stderr


def test_an_output_never_takes_the_place_of_its_input(short_clip: Path, photo: Path) -> None:
    clip, picture = short_clip.read_bytes(), photo.read_bytes()
    _one_line(2, "video", short_clip, "--out", short_clip, says="is the clip itself")
    _one_line(2, "video", short_clip, "--json", short_clip, says="is the clip itself")
    both = short_clip.with_name("both.mp4")
    _one_line(2, "video", short_clip, "--json", both, "--out", both, says="both name")
    same = photo.with_suffix(".jpg")
    same.write_bytes(picture)
    _one_line(2, "image", same, "--out", same.parent, says="is one of the pictures")
    _one_line(2, "image", same, photo, "--out", photo.parent / "o", says="would both be written")
    assert (short_clip.read_bytes(), same.read_bytes()) == (clip, picture)


def test_a_full_disk_is_one_line_and_leaves_no_broken_clip(
    short_clip: Path, tmp_path: Path
) -> None:
    _one_line(1, "video", short_clip, "--json", "/dev/full", says="/dev/full: No space left")
    out = tmp_path / "out.mp4"
    limit = 20_000  # bytes that a file may have: writing more fails, as on a full disk
    done = subprocess.run(
        [sys.executable, "-m", "edge", "video", str(short_clip), "--out", str(out)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1
    assert "cannot write all of" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [short_clip.name]


def test_a_reader_that_leaves_is_no_error(short_clip: Path) -> None:
    command = f"{sys.executable} -m edge video {short_clip} --json | head -n 1"
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, timeout=60, check=True
    )
    assert len(done.stdout.splitlines()) == 1
    assert "error" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_signal_while_the_daemon_starts_ends_it_with_0(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        f"cameras: {{demo: {{source: demo}}}}\nweb: {{port: {free_port()}}}\n"
        f"mqtt: {{port: {free_port()}}}"
    )
    process = Process([sys.executable, "-m", "edge", "run", "-c", str(path)], tmp_path / "log")
    status = Path(f"/proc/{process.popen.pid}/status")

    def catches_sigterm() -> bool:
        (mask,) = (line for line in status.read_text().splitlines() if line.startswith("SigCgt"))
        return bool(int(mask.split()[1], 16) >> (signal.SIGTERM - 1) & 1)

    eventually(catches_sigterm)
    code, _ = process.stop()
    assert code == 0, process.text
    assert "Traceback" not in process.text


def test_a_reload_that_is_asked_for_before_the_daemon_can_listen_does_not_end_it(
    tmp_path: Path,
) -> None:
    """SIGHUP, in the middle of its first import."""
    early = (
        "import os, runpy, signal, sys\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # we may run under nohup
        "class Early:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'edge.cli':\n"
        "            os.kill(os.getpid(), signal.SIGHUP)\n"
        "sys.meta_path.insert(0, Early())\n"
        "runpy.run_module('edge', run_name='__main__', alter_sys=True)\n"
    )

    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-c", early, *arguments, "--config", str(tmp_path / "gone.yaml")],
            capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        return done.returncode, done.stderr

    code, said = run("run")
    assert (code, "no configuration at" in said) == (2, True)
    assert run("check") == (-signal.SIGHUP, ""), "the others end with their terminal"
