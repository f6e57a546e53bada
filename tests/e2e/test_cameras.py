"""A real RTSP camera and a real broker, well and unwell."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.daemon import STOP_SECONDS, Daemon
from tests.support.servers import RtspServer, Subscriber
from tests.support.system import Process, eventually, free_port

Start = Callable[..., Daemon]
Subscribe = Callable[[int], Subscriber]
Broker = tuple[Process, int]

QUICK = {"stall_seconds": 2}


@pytest.fixture
def door(daemon: Start, rtsp: RtspServer, mosquitto: Broker) -> Daemon:
    """One RTSP camera, one mosquitto."""
    return daemon(
        node="lab",
        cameras={"door": {"source": rtsp.url}},
        capture=QUICK,
        mqtt={"broker": "127.0.0.1", "port": mosquitto[1]},
    ).ready()


def _online(box: Daemon) -> bool:
    return box.cameras()[0]["status"] == "online"


def test_events_of_an_rtsp_camera_reach_mosquitto(
    door: Daemon, subscribe: Subscribe, mosquitto: Broker
) -> None:
    subscriber = subscribe(mosquitto[1])
    eventually(lambda: _online(door), 30)
    eventually(subscriber.events, 60, "an event")
    event = subscriber.events()[0]
    assert (event["node"], event["camera"], event["event"]) == ("lab", "door", "appeared")
    assert event["face"]["label"] == "happy"
    assert event["frame"] == [960, 540]
    eventually(lambda: b"online" in subscriber.payloads("lab/door/status"), 10)


def test_a_camera_that_comes_back_is_online_again(
    door: Daemon,
    rtsp: RtspServer,
    subscribe: Subscribe,
    mosquitto: Broker,
    demo_h264: Path,
    tmp_path: Path,
) -> None:
    subscriber = subscribe(mosquitto[1])
    eventually(lambda: _online(door), 30)
    rtsp.process.kill()
    eventually(lambda: door.cameras()[0]["status"] in {"reconnecting", "offline"}, 30)
    assert door.metric("edge_fer_source_up", camera="door") == 0
    assert door.cameras()[0]["faces"] == []
    eventually(lambda: door.metric("edge_fer_faces", camera="door") == 0, 10)
    again = RtspServer(demo_h264, tmp_path, rtsp.port)
    try:
        eventually(lambda: _online(door), 60)
        assert door.metric("edge_fer_source_reconnects_total", camera="door") >= 1
        eventually(lambda: subscriber.payloads("door/status")[-1] == b"online", 10)
        statuses = subscriber.payloads("door/status")
        assert statuses[statuses.index(b"online") + 1] == b"reconnecting"
        assert door.metric("edge_fer_source_offline_seconds_total", camera="door") > 0
        eventually(
            lambda: json.loads(subscriber.payloads("door/connection")[-1])["reconnects"] >= 1, 10
        )
    finally:
        again.process.kill()


def test_events_made_while_the_broker_is_away_arrive_later(
    daemon: Start, subscribe: Subscribe, mosquitto: Broker
) -> None:
    broker, port = mosquitto
    box = daemon(
        cameras={"demo": {"source": "demo"}}, mqtt={"broker": "127.0.0.1", "port": port}
    ).ready()
    subscriber = subscribe(port)
    eventually(lambda: box.metric("edge_fer_mqtt_connected") == 1)
    broker.freeze()
    before = box.text.count("demo: face ")
    eventually(lambda: box.text.count("demo: face ") > before, 60)
    assert len(subscriber.events()) <= before
    broker.thaw()
    eventually(lambda: len(subscriber.events()) > before, 30, "the event of the outage")
    numbers = [event["number"] for event in subscriber.events()]
    assert numbers == list(range(1, len(numbers) + 1))


def _no_frame_for(box: Daemon, seconds: float) -> bool:
    before = box.metric("edge_fer_frames_captured_total", camera="door")
    time.sleep(seconds)
    return box.metric("edge_fer_frames_captured_total", camera="door") == before


@pytest.mark.parametrize("camera", ["well", "frozen", "gone"])
@pytest.mark.parametrize("broker", ["well", "frozen", "gone"])
def test_it_stops_in_any_state(
    door: Daemon, rtsp: RtspServer, mosquitto: Broker, camera: str, broker: str
) -> None:
    eventually(lambda: _online(door), 30)
    eventually(lambda: door.metric("edge_fer_mqtt_connected") == 1)
    for process, state in ((rtsp.process, camera), (mosquitto[0], broker)):
        if state == "frozen":
            process.freeze()
        elif state == "gone":
            process.kill()
    if camera == "gone":
        eventually(lambda: not _online(door), 30)
    if camera == "frozen":
        eventually(lambda: _no_frame_for(door, 0.5), 10, "capture waiting for a frame")
    code, seconds = door.stop()
    print(f"\ncamera {camera}, broker {broker}: exit {code} after {seconds:.2f} s")
    assert code == 0
    assert seconds < STOP_SECONDS
    assert "Traceback" not in door.text


def test_it_stops_while_camera_and_broker_never_were_there(daemon: Start) -> None:
    box = daemon(
        cameras={"door": {"source": f"rtsp://user:secret@127.0.0.1:{free_port()}/clip"}},
        mqtt={"broker": "127.0.0.1"},
    ).ready()
    eventually(lambda: "connection refused" in box.text)
    eventually(lambda: "cannot be reached: connection refused; does it run?" in box.text)
    assert "secret" not in box.text
    code, seconds = box.stop()
    assert code == 0
    assert seconds < STOP_SECONDS


def test_whether_all_of_a_frame_is_scanned_tells_nothing_of_a_group(
    daemon: Start, short_clip: Path
) -> None:
    clip = {"source": str(short_clip), "capture": {"realtime": True, "loop": True}}
    box = daemon(
        cameras={"door": clip, "hall": {**clip, "privacy": {"mode": "aggregate"}}},
    ).ready()

    def metric(name: str, camera: str, **labels: str) -> float:
        return box.metric(f"edge_fer_{name}_total", camera=camera, **labels)

    eventually(lambda: metric("frames_processed", "hall", stage="publish") > 60, 60, "frames")
    assert metric("frames_unscanned", "hall") == 0
