"""``edge-fer doctor``: what is well is called well, and what is not by its reason."""

import errno
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge.config import Config
from edge.doctor import box, broker, camera, clock, disk, model, port, unit
from edge.doctor.examination import examine
from edge.doctor.finding import Check, Finding, Status, good, warning
from edge.doctor.report import show
from edge.doctor.runtime import accelerators
from edge.errors import EdgeFerError
from tests.support.daemon import run_cli
from tests.support.native import NO_VULKAN, library
from tests.support.servers import RtspServer, start_mosquitto
from tests.support.system import REPOSITORY, Process, free_port, program
from tests.support.web_server import LOGIN, serving

HASH = LOGIN["password"]


def config(**sections: Any) -> Config:
    sections.setdefault("cameras", {"demo": {"source": "demo"}})
    return Config.model_validate(sections)


def found(checks: Iterator[Check]) -> list[Finding]:
    return list(examine(checks))


def one(checks: Iterator[Check], topic: str) -> Finding:
    (finding,) = (finding for finding in found(checks) if finding.topic == topic)
    return finding


# The examination


def test_a_check_that_hangs_or_breaks_keeps_no_other_back() -> None:
    forever = threading.Event()

    def hang(_: threading.Event) -> Iterator[Finding]:
        yield good("so far")
        forever.wait(60)

    def obey(stop: threading.Event) -> Iterator[Finding]:
        assert stop.wait(60)
        yield warning("stopped", "be quicker")

    def refuse(_: threading.Event) -> Iterator[Finding]:
        raise EdgeFerError("no such thing")
        yield

    def stumble(_: threading.Event) -> Iterator[Finding]:
        yield good(str(1 // 0))

    start = time.monotonic()
    checks = [
        Check("hangs", hang, 0.2),
        Check("obeys", obey, 0.2),
        Check("refuses", refuse, advice="get one"),
        Check("stumbles", stumble),
        Check("works", lambda _: [good("well")]),
    ]
    told = [(f.topic, f.status.value, f.what, f.advice) for f in examine(checks)]
    assert time.monotonic() - start < 30
    forever.set()
    ours = "please report this line: it is a fault of edge-fer's own"
    hangs = "whatever it waits for hangs: look there, and try again"
    assert told == [
        ("hangs", "ok", "so far", ""),
        ("hangs", "error", "no answer within 0.2 s", hangs),
        ("obeys", "warning", "stopped", "be quicker"),
        ("refuses", "error", "no such thing", "get one"),
        ("stumbles", "error", "ZeroDivisionError: integer division or modulo by zero", ours),
        ("works", "ok", "well", ""),
    ]


def test_those_that_measure_wait_for_each_other() -> None:
    running: list[str] = []

    def measure(_: threading.Event) -> Iterator[Finding]:
        running.append("")
        most = len(running)
        time.sleep(0.05)
        running.pop()
        yield good(str(most))

    checks = [Check(str(number), measure, timed=True) for number in range(4)]
    assert [finding.what for finding in examine(checks)] == ["1"] * 4


# The report


def test_the_report_is_plain_in_a_pipe_and_hides_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    findings = [
        Finding(Status.OK, "all \x1b[31mred", topic="lamp"),
        Finding(Status.ERROR, "rtsp://me:hunter2@h/x: hunter3", "not hunter3", "camera door"),
    ]
    show(findings, False, frozenset({"hunter3"}))
    assert capsys.readouterr().out.splitlines() == [
        "ok       lamp         all  [31mred",
        "error    camera door  rtsp://h/x: **********",
        "                      -> not **********",
        "1 error",
    ]
    show(findings, True, frozenset({"hunter3"}))
    out = capsys.readouterr().out
    assert "hunter" not in out
    assert json.loads(out)["ok"] is False


def test_a_terminal_gets_colours_and_no_markup(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    show([Finding(Status.ERROR, "[red]:bug:[/red]", topic="lamp")], False, frozenset())
    out = capsys.readouterr().out
    assert "\x1b[1;31merror" in out
    assert "[red]:bug:[/red]" in out


# The whole


def test_a_sick_box_is_told_of_in_both_ways_and_no_secret_with_it(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        mqtt = {"broker": "127.0.0.1", "port": free_port(), "username": "me", "password": "hunter2"}
        sections = {
            "cameras": {
                "door": {"source": f"rtsp://me:hunter3@127.0.0.1:{free_port()}/x"},
                "desk": {"source": "/dev/video97"},
                "clip": {"source": "none.mp4"},
            },
            "classify": {"delegate": "cpu"},
            "mqtt": mqtt,
            "web": {"port": taken.getsockname()[1], "username": "me", "password": HASH},
        }
        path.write_text(yaml.safe_dump(sections))
        path.chmod(0o644)
        plain = run_cli("doctor", "--config", path)
        told = run_cli("doctor", "--config", path, "--json")
    for done in (plain, told):
        assert done.returncode == 1
        assert done.stderr == ""
        assert "hunter" not in done.stdout
        assert HASH not in done.stdout
        assert "\x1b" not in done.stdout
    checks = json.loads(told.stdout)["checks"]
    wrong = {check["topic"]: check["what"] for check in checks if check["status"] == "error"}
    assert wrong.keys() == {"camera door", "camera desk", "camera clip", "web port", "broker"}
    assert "connection refused" in wrong["camera door"]
    assert "no camera at /dev/video97" in wrong["camera desk"]
    assert "no video at none.mp4" in wrong["camera clip"]
    assert "taken by another program" in wrong["web port"]
    assert "connection refused" in wrong["broker"]
    assert all(check["advice"] for check in checks if check["status"] != "ok")
    assert any("may read" in check["what"] for check in checks)
    assert plain.stdout.splitlines()[-1].startswith("5 errors")


@pytest.mark.parametrize("text", [None, "node: box-1\nwbe: {}\n"])
def test_without_a_configuration_the_box_is_looked_at_all_the_same(
    tmp_path: Path, text: str | None
) -> None:
    path = tmp_path / "config.yaml"
    if text is not None:
        path.write_text(text)
    done = run_cli("doctor", "--config", path, "--json", env=NO_VULKAN)
    assert (done.returncode, done.stderr) == (1, "")
    checks = json.loads(done.stdout)["checks"]
    wrong = [check["what"] for check in checks if check["status"] == "error"]
    assert len(wrong) == (1 if text is None else 2), wrong
    assert "no configuration at" in wrong[0] if text is None else "cameras is missing" in wrong[0]
    topics = {check["topic"] for check in checks if check["status"] != "error"}
    assert topics >= {"box", "clock", "systemd", "runtimes", "hardware", "detectors", "model"}


# A topic each


@pytest.mark.parametrize(
    ("now", "kept", "status", "words"),
    [
        (2e9, True, "ok", "kept by a time server"),
        (2e9, False, "warning", "no time server"),
        (2e9, None, "warning", "does not tell"),
        (1e6, True, "error", "in the past"),
    ],
)
def test_the_clock(now: float, kept: bool | None, status: str, words: str) -> None:
    (finding,) = clock.judge(now, kept)
    assert (finding.status.value, words in finding.what) == (status, True)
    assert clock.synchronized() in {True, False, None}


RUNS = {
    "LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled",
    "WatchdogUSec": "30s", "NRestarts": "0", "StatusText": "2 of 2 cameras online",
}  # fmt: skip


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, [("ok", "is active: 2 of 2 cameras online")]),
        ({"LoadState": "not-found"}, [("ok", "is not installed")]),
        ({"ActiveState": "failed", "Result": "watchdog"}, [("error", "has failed (watchdog)")]),
        ({"ActiveState": "inactive"}, [("warning", "does not run")]),
        ({"UnitFileState": "disabled"}, [("ok", "active"), ("warning", "not start at boot")]),
        ({"WatchdogUSec": "0"}, [("ok", "active"), ("warning", "without a watchdog")]),
        ({"NRestarts": "3"}, [("ok", "active"), ("warning", "restarted 3 times")]),
    ],
)
def test_the_unit(told: dict[str, str], expected: list[tuple[str, str]]) -> None:
    findings = list(unit.judge("edge-fer.service", {**RUNS, **told}))
    assert [finding.status.value for finding in findings] == [status for status, _ in expected]
    for finding, (_, words) in zip(findings, expected, strict=True):
        assert words in finding.what


@pytest.mark.parametrize(
    ("path", "name", "state"),
    [
        ("/etc/edge-fer/config.yaml", "edge-fer.service", "edge-fer"),
        ("/etc/edge-fer/../edge-fer/door.yaml", "edge-fer@door.service", "edge-fer-door"),
        ("/srv/config.yaml", None, None),
        ("config.yaml", None, None),
    ],
)
def test_a_configuration_is_that_of_a_unit_by_its_place(
    path: str, name: str | None, state: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setattr(disk, "_STATES", tmp_path)
    for made in ("edge-fer", "edge-fer-door"):
        (tmp_path / made).mkdir()
    assert unit.unit_of(Path(path)) == name
    folders = list(disk.folders(None, Path(path)))
    assert folders == ([] if state is None else [("state folder", tmp_path / state)])
    assert "/%i.yaml" in (REPOSITORY / "systemd/edge-fer@.service").read_text()
    assert "StateDirectory=edge-fer-%i" in (REPOSITORY / "systemd/edge-fer@.service").read_text()


def test_the_machine(tmp_path: Path) -> None:
    memory = tmp_path / "meminfo"
    memory.write_text("MemTotal:  4000 kB\nMemAvailable:  2000 kB\n")
    assert box.memory_free(memory) == 2_048_000
    assert box.memory_free(tmp_path / "none") is None
    assert box.hottest(tmp_path) is None
    for zone, text in (("thermal_zone0", "48500"), ("thermal_zone1", "81000"), ("broken", "x")):
        (tmp_path / zone).mkdir()
        (tmp_path / zone / "temp").write_text(text)
    assert box.hottest(tmp_path) == 81


def test_hardware_beside_the_cpu(tmp_path: Path) -> None:
    assert [f.what for f in accelerators(tmp_path)] == ["no GPU and no Edge TPU: the CPU does it"]
    for folder in ("dev/dri", "drivers/i915", "sys/class/drm/renderD128/device"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "dev/dri/renderD128").touch()
    driver = tmp_path / "sys/class/drm/renderD128/device/driver"
    driver.symlink_to(tmp_path / "drivers/i915")
    stick = tmp_path / "sys/bus/usb/devices/1-1"
    stick.mkdir(parents=True)
    (stick / "idVendor").write_text("18d1\n")
    (stick / "idProduct").write_text("9302\n")
    gpu, tpu = accelerators(tmp_path)
    assert gpu.what.endswith("renderD128 (i915)")
    assert tpu.what.startswith("Edge TPU on USB")


def test_a_model_that_is_damaged_is_told(tmp_path: Path) -> None:
    for ending in (".tflite", ".json"):
        shutil.copy(model.find_model("fer-edge-int8").with_suffix(ending), tmp_path)
    path = tmp_path / "fer-edge-int8.tflite"
    classify = {"model": str(path), "delegate": "cpu"}
    whole, runs = found(model.checks(config(classify=classify)))
    assert "whole, SHA-256" in whole.what
    assert runs.figures["cameras"] == ["demo"]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    (finding,) = found(model.checks(config(classify=classify)))
    assert finding.status is Status.ERROR
    assert "do not match the SHA-256" in finding.what
    assert "shipped model" in finding.advice


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("fer-edge-int8", "set capture.fps, or classify.model to fer-light-int8"),
        ("fer-light-int8", "set capture.fps"),
    ],
)
def test_a_box_that_is_too_slow_is_told_of_the_light_model(
    name: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "_SLOW_MS", 0.0)
    _, runs = found(model.checks(config(classify={"model": name, "delegate": "cpu"})))
    assert (runs.status, runs.advice) == (Status.WARNING, advice)


def test_the_state_and_outbox_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    (tmp_path / "file").touch()
    mqtt = {"broker": "10.0.0.2", "outbox": {"folder": str(tmp_path / "file" / "outbox")}}
    state, outbox = found(disk.checks(config(mqtt=mqtt), tmp_path / "config.yaml"))
    assert (state.topic, state.status) == ("state folder", Status.OK)
    assert "can be written" in state.what
    assert (outbox.topic, outbox.status) == ("outbox folder", Status.ERROR)
    assert "is no folder" in outbox.what
    monkeypatch.setenv("STATE_DIRECTORY", "/proc/edge-fer")
    (state,) = found(disk.checks(None, tmp_path / "config.yaml"))
    assert state.status is Status.ERROR
    assert "/proc/edge-fer cannot be written" in state.what


def test_ports_are_free_or_ours_or_taken() -> None:
    free = config(web={"port": free_port()}, mqtt={"port": free_port()})
    assert [f.status for f in found(port.checks(free))] == [Status.OK] * 2
    with serving(**LOGIN) as ours, socket.create_server(("127.0.0.1", 0)) as other:
        other_port = other.getsockname()[1]
        running = config(web={"port": ours.port}, mqtt={"port": other_port})
        assert [f.what.partition(" is ")[2] for f in found(port.checks(running))] == [
            "edge-fer's own: it runs",
            "taken, and edge-fer runs: see the line broker",
        ]
        other.settimeout(0.1)
        taken = config(web={"port": other_port}, mqtt={"broker": "10.0.0.2"})
        (finding,) = found(port.checks(taken))
    assert finding.status is Status.ERROR
    assert f"'sport = :{other_port}'" in finding.advice
    nowhere = config(web={"host": "203.0.113.1", "token": LOGIN["token"]}, mqtt={"broker": "h"})
    (finding,) = found(port.checks(nowhere))
    assert os.strerror(errno.EADDRNOTAVAIL) in finding.what


def test_the_broker_lets_us_in_or_says_why_not(tmp_path: Path) -> None:
    names = tmp_path / "names"
    command = [program("mosquitto_passwd"), "-b", "-c", str(names), "me", "right"]
    subprocess.run(command, check=True, timeout=20)
    names.chmod(0o644)
    place = free_port()
    text = f"user root\nlistener {place} 127.0.0.1\nallow_anonymous false\npassword_file {names}\n"
    process: Process = start_mosquitto(tmp_path, place, text)

    def told(**mqtt: Any) -> Finding:
        return one(broker.checks(config(mqtt={"port": place, **mqtt})), "broker")

    try:
        login = {"broker": "127.0.0.1", "username": "me"}
        right = told(**login, password="right")
        assert (right.status, right.what) == (
            Status.OK, f"127.0.0.1:{place} lets the user me in: MQTT 5"
        )  # fmt: skip
        old = told(**login, password="right", version="3.1.1")
        assert old.what.endswith("MQTT 3.1.1")
        wrong = told(**login, password="wrong")
        assert wrong.status is Status.ERROR
        assert "Not authorized" in wrong.what
        assert "wrong" not in wrong.what
        assert told(broker="127.0.0.1").status is Status.ERROR
    finally:
        process.kill()
    assert "connection refused" in told(broker="127.0.0.1").what
    assert told().what == "embedded: it begins with the daemon"


@pytest.fixture(scope="module")
def demo_h264(face_h264: Path) -> Path:
    """What the RTSP server plays: two seconds are enough."""
    return face_h264


def test_a_camera_on_the_network_really_answers(rtsp: RtspServer) -> None:
    def told(url: str) -> Finding:
        cameras = {"door": {"source": url, "capture": {"stall_seconds": 60}}}
        return one(camera.checks(config(cameras=cameras)), "camera door")

    right = told(rtsp.url)
    assert right.status is Status.OK
    assert "answers: 960 x 540" in right.what
    wrong = told(rtsp.url + "s")
    assert wrong.status is Status.ERROR
    assert "no stream at this path (404)" in wrong.what
    rtsp.process.freeze()
    silent = told(rtsp.url)
    rtsp.process.thaw()
    assert silent.status is Status.ERROR
    assert "no answer" in silent.what


@pytest.fixture
def webcam(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a webcam that is plugged in."""
    folder = Path("/dev/shm") / f"edge-fer-{uuid.uuid4().hex}"
    folder.mkdir()
    (folder / "video7").touch()
    preload = library(tmp_path, "webcam.c", "-ldl")
    yield {"LD_PRELOAD": str(preload), "FAKE_WEBCAM": str(folder / "video7"), **NO_VULKAN}
    shutil.rmtree(folder)


def test_a_webcam_says_what_it_is(tmp_path: Path, webcam: dict[str, str]) -> None:
    device = webcam["FAKE_WEBCAM"]
    path = tmp_path / "config.yaml"
    cameras = {
        "hall": {"source": device, "capture": {"fourcc": "YUYV"}},
        "door": {"source": "/dev/null"},
    }
    ports = {"web": {"port": free_port()}, "mqtt": {"port": free_port()}}
    path.write_text(yaml.safe_dump({"cameras": cameras, **ports}))
    done = run_cli("doctor", "--config", path, "--json", env=webcam)
    checks = {check["topic"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["camera hall"]["what"] == f"{device}: A camera of files has no YUYV"
    assert checks["camera hall"]["status"] == "warning"
    assert checks["camera hall"]["advice"] == "set capture.fourcc to one of MJPG"
    assert checks["camera door"]["status"] == "error"
    assert done.returncode == 1


def test_devices_that_are_no_webcams_are_passed_over(tmp_path: Path) -> None:
    (finding,) = camera.webcams(tmp_path)
    assert finding.what == "none on this box"
    (tmp_path / "video0").symlink_to("/dev/null")
    (finding,) = camera.webcams(tmp_path)
    assert finding.what == "none on this box"


@pytest.mark.parametrize(
    ("user", "status", "words"),
    [(1000, "warning", "usermod -aG video USER"), (0, "error", "--device")],
)
def test_a_webcam_that_may_not_be_opened(
    user: int, status: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service may be let in where a user who logged in is not, and root is let in anywhere."""

    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(camera, "query", refuse)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    configured = config(cameras={"hall": {"source": "/dev/null"}})
    finding = one(camera.checks(configured), "camera hall")
    assert finding.what == "/dev/null: no right to open it"
    assert (finding.status.value, words in finding.advice) == (status, True)
