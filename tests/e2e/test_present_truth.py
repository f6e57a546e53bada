"""What a subscriber who comes late learns from the broker, whatever happened before."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.daemon import STOP_SECONDS, Daemon
from tests.support.messages import checked
from tests.support.mqtt import FiveSubscriber
from tests.support.servers import RtspServer, Subscriber, start_mosquitto
from tests.support.system import Process, eventually

Broker = tuple[Process, int]
Start = Callable[..., Daemon]
Subscribe = Callable[[int], Subscriber]

ALL = {"lab/status"} | {f"lab/door/{kind}" for kind in ("status", "state", "connection", "control")}


@pytest.fixture
def door(daemon: Start, rtsp: RtspServer, mosquitto: Broker) -> Daemon:
    """One RTSP camera that is online, one mosquitto."""
    box = daemon(
        node="lab",
        cameras={"door": {"source": rtsp.url}},
        capture={"stall_seconds": 2},
        mqtt={"broker": "127.0.0.1", "port": mosquitto[1]},
    ).ready()
    eventually(lambda: _truth(mosquitto[1]).get("lab/door/status") == "online", 60, "the camera")
    return box


def _truth(port: int) -> dict[str, str]:
    """Return the retained messages, as one who comes now gets them; each keeps its schema."""
    late = Subscriber(port)
    try:
        mark = "edge-fer/that-is-all"
        late.publish(mark, "")
        eventually(lambda: late.payloads(mark), 10, "all that is retained")
        for topic, payload, _ in late.messages:
            checked(topic, payload)
        return {
            topic.removeprefix("edge-fer/"): payload.decode()
            for topic, payload, retained in late.messages
            if retained
        }
    finally:
        late.close()


def _status(truth: dict[str, str], topic: str = "lab/door/connection") -> str:
    return str(json.loads(truth[topic])["status"]) if topic in truth else "gone"


def test_while_it_runs(door: Daemon, mosquitto: Broker) -> None:
    eventually(lambda: "appeared" in door.text, 60, "a face")
    eventually(lambda: set(_truth(mosquitto[1])) == ALL, 30)
    truth = eventually(lambda: _with_faces(mosquitto[1]), 60, "a face in the state")
    assert set(truth) == ALL
    assert truth["lab/status"] == "online"
    assert json.loads(truth["lab/door/state"])["emotion"] == "happy"
    control = json.loads(truth["lab/door/control"])
    assert (control["paused"], control["detector"]) == (False, True)


def _with_faces(port: int) -> dict[str, str] | None:
    truth = _truth(port)
    return truth if json.loads(truth["lab/door/state"])["faces"] == 1 else None


def test_after_a_clean_stop_nothing_claims_to_be_there(door: Daemon, mosquitto: Broker) -> None:
    assert door.stop()[0] == 0
    truth = _truth(mosquitto[1])
    assert (truth["lab/status"], truth["lab/door/status"]) == ("offline", "offline")
    assert _status(truth) == "offline"
    assert json.loads(truth["lab/door/state"])["faces"] == 0


def test_after_a_crash_the_will_speaks_and_what_was_said_of_the_camera_vanishes(
    door: Daemon, mosquitto: Broker
) -> None:
    """That mosquitto forgets what has expired is seen in tests/edge/test_mqtt.py, in less time."""
    door.kill()
    eventually(lambda: _truth(mosquitto[1])["lab/status"] == "offline", 30, "the last will")
    left = _seconds_left(mosquitto[1])
    assert left.pop("lab/status") is None
    assert "lab/door/status" in left
    assert all(seconds is not None and 0 < seconds <= 60 for seconds in left.values())


def _seconds_left(port: int) -> dict[str, int | None]:
    """Return how long the broker keeps what is retained; None is for ever."""
    late = FiveSubscriber(port)
    try:
        late.publish("edge-fer/that-is-all")
        eventually(lambda: late.newest("that-is-all"), 10, "all that is retained")
        return {
            message.topic.removeprefix("edge-fer/"): getattr(
                message.properties, "MessageExpiryInterval", None
            )
            for message in late.messages
            if message.retain
        }
    finally:
        late.close()


@pytest.mark.usefixtures("door")
def test_a_broker_that_lost_its_memory_is_told_all_again(mosquitto: Broker, tmp_path: Path) -> None:
    broker, port = mosquitto
    broker.kill()
    again = start_mosquitto(tmp_path, port)
    try:
        eventually(lambda: set(_truth(port)) == ALL, 60, "everything that was retained")
        assert _truth(port)["lab/status"] == "online"
    finally:
        again.kill()


@pytest.mark.usefixtures("door")
def test_a_camera_that_is_lost_shows_nobody(mosquitto: Broker, rtsp: RtspServer) -> None:
    rtsp.process.kill()
    port = mosquitto[1]
    eventually(lambda: _truth(port)["lab/door/status"] in {"reconnecting", "offline"}, 60)
    truth = eventually(
        lambda: t if json.loads((t := _truth(port))["lab/door/state"])["faces"] == 0 else None, 30
    )
    assert truth["lab/status"] == "online"
    eventually(lambda: _status(_truth(port)) in {"reconnecting", "offline"}, 30)


def _paused(box: Daemon) -> float:
    return box.metric(
        "edge_fer_frames_dropped_total", camera="door", stage="detect", reason="paused"
    )


def _is_dark(box: Daemon) -> bool:
    url = f"http://127.0.0.1:{box.web_port}/cameras/door/stream.mjpg"
    good, image = cv2.VideoCapture(url, cv2.CAP_FFMPEG).read()
    assert good
    return float(np.median(image)) < 5


def test_a_camera_is_paused_and_resumed_by_command(
    door: Daemon, mosquitto: Broker, subscribe: Subscribe
) -> None:
    port = mosquitto[1]
    subscriber = subscribe(port)

    def order(command: str) -> None:
        subscriber.publish("edge-fer/lab/door/set", command)

    def control() -> dict[str, object]:
        return dict(json.loads(subscriber.payloads("door/control")[-1]))

    def published() -> float:
        return door.metric("edge_fer_frames_processed_total", camera="door", stage="publish")

    eventually(published, 30, "frames")
    order("pause")
    eventually(lambda: control()["paused"] is True, 30, "the confirmation")
    eventually(lambda: door.cameras()[0]["paused"], 10)
    eventually(lambda: _paused(door) > 5, 30)
    assert _is_dark(door), "the stream shows nothing"
    before = published()
    eventually(lambda: _paused(door) > 50, 60)
    assert published() - before <= 1, "one may have been on its way"
    order("nonsense")
    eventually(lambda: "'nonsense' on its set topic" in door.text, 30)
    order("detector off")
    order("resume")
    eventually(lambda: (control()["paused"], control()["detector"]) == (False, False), 30)
    eventually(lambda: published() > before + 10, 30, "frames again")
    order("detector on")
    eventually(lambda: control()["detector"] is True, 30)
    code, seconds = door.stop(signal.SIGTERM)
    assert (code, seconds < STOP_SECONDS) == (0, True)
