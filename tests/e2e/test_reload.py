"""SIGHUP: a whole daemon reads its configuration again, and only what changed begins anew."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.daemon import Daemon
from tests.support.mqtt import FiveSubscriber
from tests.support.servers import Subscriber
from tests.support.service_manager import Manager
from tests.support.system import Process, eventually, free_port

DEMO = {"source": "demo", "detect": {"every": 3}}
Start = Callable[..., Daemon]


class Box:
    """A daemon with a broker beside it, whose configuration is written anew."""

    def __init__(self, start: Start, port: int, folder: Path, **config: Any) -> None:
        self.manager = Manager(folder / "notify")
        self.path = folder / "config.yaml"
        self.broker = {"broker": "127.0.0.1", "port": port, "discovery": "homeassistant"}
        self.subscriber = Subscriber(port, "#")
        config.setdefault("mqtt", self.broker)
        self.daemon = start(env=self.manager.environment, **config).ready()
        self.heard: list[str] = []
        for name in config["cameras"]:
            self.online(name)

    def online(self, name: str) -> None:
        """Wait until a camera gives frames."""
        eventually(lambda: self.camera(name).get("status") == "online", 60, f"{name} online")

    def camera(self, name: str) -> dict[str, Any]:
        """Return what the page shows of a camera; nothing where it is none."""
        return next((each for each in self.daemon.cameras() if each["name"] == name), {})

    def reload(self, says: str, **config: Any) -> str:
        """Write a configuration, send SIGHUP, and return the log from then on."""
        before = len(self.daemon.text)
        self.path.write_text(yaml.safe_dump({**self.daemon.config, **config}))
        self.daemon.popen.send_signal(signal.SIGHUP)
        eventually(lambda: says in self.daemon.text[before:], 60, f"{says}: {self.daemon.text}")
        return self.daemon.text[before:]

    def hears(self, line: str) -> bool:
        """Return whether the service manager was told so, since `heard` was cleared."""
        self.heard += self.manager.heard()
        return any(line in each for each in self.heard)

    def status(self) -> str:
        """Return what the service manager shows."""
        self.heard += self.manager.heard()
        return [line for line in self.heard if line.startswith("STATUS=")][-1]

    def events(self, camera: str) -> list[dict[str, Any]]:
        """Return the events of a camera so far."""
        return [json.loads(p) for p in self.subscriber.payloads(f"/{camera}/event")]


@pytest.fixture
def make(
    tmp_path: Path, mosquitto: tuple[Process, int], daemon: Start
) -> Iterator[Callable[..., Box]]:
    made: list[Box] = []

    def start(**config: Any) -> Box:
        made.append(Box(daemon, mosquitto[1], tmp_path, **config))
        return made[-1]

    yield start
    for box in made:
        box.subscriber.close()
        box.manager.close()


def test_what_changed_begins_anew_and_the_rest_goes_on(make: Callable[..., Box]) -> None:
    box = make(cameras={"hall": DEMO, "door": DEMO, "yard": DEMO})
    eventually(lambda: box.events("hall") and box.events("door"), 60, "events of both")
    eventually(lambda: box.hears("READY=1"))
    box.heard.clear()
    hall = box.camera("hall")["connection"]["since"]
    old_run = box.events("door")[0]["run"]
    box.daemon.metric("edge_fer_frames_captured_total", camera="hall")
    # Somebody paused it: it stays so, and shows nothing after the reload either.
    box.subscriber.publish("edge-fer/box-1/door/set", "pause")
    eventually(lambda: box.camera("door")["paused"])

    changed = {**DEMO, "stream": {"quality": 50}}
    said = box.reload("reload: ", cameras={"hall": DEMO, "door": changed, "loft": DEMO})
    assert "reload: door changed; loft added; yard removed; hall undisturbed" in said
    box.online("loft")
    box.online("door")

    # systemd: a reload, then ready again.
    eventually(lambda: box.hears("READY=1"))
    told = [line.partition("=")[0] for line in box.heard]
    first = told.index("RELOADING")
    assert told[first + 1] == "MONOTONIC_USEC"
    assert "READY" not in told[:first]
    assert "READY" in told[first:]

    # The one that did not change: the same connection, run and numbers.
    assert box.camera("hall")["connection"]["since"] == hall
    assert "hall: demo clip gives frames" not in said
    before = len(box.events("hall"))
    eventually(lambda: len(box.events("hall")) > before, 60, "another event")
    events = box.events("hall")
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    assert {event["run"] for event in events} == {old_run}

    # The one that did: its own run, and still paused, until somebody says otherwise.
    assert box.camera("door")["paused"]
    assert box.daemon.metric("edge_fer_paused", camera="door") == 1
    box.subscriber.publish("edge-fer/box-1/door/set", "resume")
    eventually(lambda: not box.camera("door")["paused"])
    new = eventually(
        lambda: [e for e in box.events("door") if e["run"] != old_run], 60, "a new run"
    )
    assert new[0]["number"] == 1
    assert box.subscriber.payloads("/door/control")[-1].count(b'"paused":false') == 1

    # The one that is gone: nowhere any more.
    assert box.camera("yard") == {}
    assert b"yard" not in box.daemon.get("/metrics")
    assert b"yard" not in box.daemon.get("/api/openapi.json")
    late = FiveSubscriber(box.broker["port"], "#")
    eventually(lambda: late.newest("loft/state"), what="what the broker keeps")
    kept = {message.topic for message in late.messages if message.retain}
    late.close()
    assert not [topic for topic in kept if "yard" in topic]
    assert "homeassistant/device/edge-fer_box-1_loft/config" in kept
    assert "edge-fer/box-1/hall/status" in kept
    # And a command to it wakes nothing.
    box.subscriber.publish("edge-fer/box-1/yard/set", "pause")
    box.daemon.stop()
    assert box.subscriber.payloads("/yard/control")[-1] == b""
    assert box.subscriber.payloads("/yard/status")[-1] == b""


def test_a_wrong_configuration_is_refused_with_all_its_faults(make: Callable[..., Box]) -> None:
    box = make(cameras={"hall": DEMO})
    eventually(lambda: box.hears("READY=1"))
    since = box.camera("hall")["connection"]["since"]
    end = "reload refused: the configuration before it stays in force"
    said = box.reload(end, cameras={"hall": {"sauce": "demo"}}, colour="red")
    assert "ERROR   reload refused: " in said
    assert "unknown key colour" in said
    assert "did you mean cameras.hall.source?" in said
    assert "Traceback" not in said
    eventually(lambda: box.hears("the last reload was refused"), what="the refusal in STATUS")
    # A camera that cannot be built, beside one that was not there before: neither comes.
    added = {"loft": DEMO, "film": {"source": "gone.mp4"}}
    said = box.reload(end, cameras={"hall": {**DEMO, "track": {"min_hits": 2}}, **added})
    assert "reload refused: camera film: " in said
    assert b"loft" not in box.daemon.get("/metrics")
    assert [camera["name"] for camera in box.daemon.cameras()] == ["hall"]
    assert box.camera("hall")["connection"]["since"] == since
    assert box.daemon.metric("edge_fer_fps", camera="hall", stage="pipeline") > 0
    # A file that is gone is refused too; a right one is taken, and that is told.
    box.path.rename(box.path.with_name("away"))
    box.daemon.popen.send_signal(signal.SIGHUP)
    eventually(lambda: "reload refused: no configuration at" in box.daemon.text)
    box.reload("reload: no camera has changed", cameras={"hall": DEMO})
    eventually(lambda: "refused" not in box.status(), what="a STATUS without the refusal")


def test_what_waits_for_a_restart_is_named_and_no_secret_with_it(
    make: Callable[..., Box],
) -> None:
    box = make(cameras={"hall": DEMO})
    mqtt = {**box.broker, "username": "me", "password": "hush-hush"}
    web = {**box.daemon.config["web"], "max_viewers": 3}
    said = box.reload("wait for a restart", node="other", mqtt=mqtt, web=web)
    assert "reload: node, mqtt.username, mqtt.password, web.max_viewers: changed, and wait" in said
    assert "hush" not in box.daemon.text
    config = json.loads(box.daemon.get("/api/config"))
    assert (config["node"], config["web"]["max_viewers"]) == ("box-1", 8)
    eventually(lambda: box.hears("web.max_viewers wait for a restart"))


def test_a_viewer_sees_the_camera_that_took_its_place(make: Callable[..., Box]) -> None:
    box = make(cameras={"hall": DEMO})
    coarse: list[int] = []
    """The first step of each picture's quantization (ITU T.81, B.2.4.1)."""

    def watch() -> None:
        url = f"http://127.0.0.1:{box.daemon.web_port}/cameras/hall/stream.mjpg"
        with urllib.request.urlopen(url, timeout=30) as stream:
            for line in stream:
                if line.startswith(b"Content-Length: "):
                    stream.readline()
                    picture = stream.read(int(line.split()[1]))
                    coarse.append(picture[picture.index(b"\xff\xdb") + 5])

    viewer = threading.Thread(target=watch)
    viewer.start()
    eventually(lambda: coarse, what="pictures")
    assert coarse[0] < 10
    box.reload("reload: hall changed", cameras={"hall": {**DEMO, "stream": {"quality": 10}}})
    eventually(lambda: coarse[-1] > 50, what="coarser pictures")
    assert box.daemon.metric("edge_fer_stream_viewers", camera="hall") == 1
    # Where nothing may be shown any more, the pictures end.
    hidden = {**DEMO, "privacy": {"mode": "anonymous"}}
    box.reload("reload: hall changed", cameras={"hall": hidden})
    viewer.join(20)
    assert not viewer.is_alive()
    history = json.loads(box.daemon.get("/api/events/history"))["events"]
    assert all(event["face"]["box"] is None for event in history)


def test_a_terminal_that_is_closed_ends_it(tmp_path: Path) -> None:
    """It hangs up by the same signal, and a daemon that nobody sees would keep the camera."""
    ours, theirs = os.openpty()
    config = {
        "cameras": {"hall": DEMO}, "mqtt": {"port": free_port()}, "web": {"port": free_port()}
    }  # fmt: skip
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    log = tmp_path / "log"
    with log.open("wb") as out:
        box = subprocess.Popen(
            [sys.executable, "-m", "edge", "run", "--config", str(tmp_path / "config.yaml")],
            stdin=theirs, stdout=out, stderr=out, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - a call only
        )  # fmt: skip
    try:
        os.close(theirs)
        eventually(lambda: "hall: demo clip gives frames" in log.read_text(), 60)
        box.send_signal(signal.SIGHUP)
        eventually(lambda: "reload: no camera has changed" in log.read_text())
        os.close(ours)
        assert box.wait(20) == 0
    finally:
        box.kill()
