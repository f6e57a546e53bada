"""The main job on the shipped configuration: demo clip, embedded broker, page, metrics."""

import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest
import yaml

from tests.support.daemon import STOP_SECONDS, Daemon
from tests.support.servers import Subscriber
from tests.support.system import eventually, listens

SHIPPED_CONFIG = Path(__file__).parents[2] / "config.yaml"

Start = Callable[..., Daemon]
Subscribe = Callable[[int], Subscriber]


@pytest.fixture
def demo(daemon: Start) -> Daemon:
    config = yaml.safe_load(SHIPPED_CONFIG.read_text())
    del config["web"]["port"], config["mqtt"]["port"]
    config.setdefault("classify", {}).setdefault("delegate", "auto")
    return daemon(**config).ready()


def test_events_reach_a_subscriber_of_the_embedded_broker(
    demo: Daemon, subscribe: Subscribe
) -> None:
    eventually(lambda: listens(demo.mqtt_port))
    subscriber = subscribe(demo.mqtt_port)
    # The face comes after about 2 s, and is gone at 17 to 20 s of the clip.
    eventually(lambda: [e for e in subscriber.events() if e["event"] == "lost"], 60, "a lost face")
    events = subscriber.events()
    assert [event["event"] for event in events][:1] == ["appeared"]
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["face"]["label"] == "happy"
    for name in ("event", "faces", "state", "connection"):
        schema = json.loads(files("edge.publish").joinpath(f"schemas/{name}.json").read_text())
        payloads = subscriber.payloads(f"/{name}")
        assert payloads
        for payload in payloads:
            jsonschema.validate(
                json.loads(payload),
                schema,
                format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
            )
    assert set(subscriber.payloads("box-1/status")) == {b"online"}
    assert subscriber.payloads("demo/status")[-1] == b"online"


def test_faces_are_published_at_the_configured_rate(demo: Daemon, subscribe: Subscribe) -> None:
    eventually(lambda: listens(demo.mqtt_port))
    subscriber = subscribe(demo.mqtt_port)
    eventually(lambda: len(subscriber.payloads("/faces")) >= 6, 30, "six messages about faces")
    times = [
        np.datetime64(json.loads(payload)["time"].rstrip("Z"))
        for payload in subscriber.payloads("/faces")[:6]
    ]
    # 2 a second: six messages span at least five times 0.5 s, less a frame each.
    assert times[-1] - times[0] > np.timedelta64(2200, "ms")


def test_the_stream_gives_annotated_frames(demo: Daemon) -> None:
    eventually(lambda: demo.cameras()[0]["faces"], 30, "a face")
    video = cv2.VideoCapture(
        f"http://127.0.0.1:{demo.web_port}/cameras/demo/stream.mjpg", cv2.CAP_FFMPEG
    )
    for _ in range(10):
        good, image = video.read()
        assert good
        assert image.shape == (540, 960, 3)
    box = demo.cameras()[0]["faces"][0]["box"]
    near = image[box[1] - 40 : box[1] + 40, box[0] - 40 : box[0] + 80].astype(int)
    yellow = (near[..., 1] > 180) & (near[..., 2] > 180) & (near[..., 0] < 120)
    assert yellow.sum() > 50, "the box of a happy face is yellow"


def test_metrics_agree_with_each_other(demo: Daemon) -> None:
    def captured() -> float:
        return demo.metric("edge_fer_frames_captured_total", camera="demo")

    eventually(lambda: demo.metric("edge_fer_faces", camera="demo") == 1, 30, "a face")

    def agrees() -> bool:
        before, start = captured(), time.monotonic()
        time.sleep(5)  # what the gauge looks back on
        rate = (captured() - before) / (time.monotonic() - start)
        fps = demo.metric("edge_fer_fps", camera="demo", stage="capture")
        return fps == pytest.approx(rate, rel=0.1)

    eventually(agrees, 60, "the rate being that of the counter")
    for stage in ("capture", "detect", "classify", "publish"):
        assert demo.metric("edge_fer_frames_processed_total", camera="demo", stage=stage) > 0
        assert demo.metric("edge_fer_stage_seconds_count", camera="demo", stage=stage) > 0
        assert demo.metric("edge_fer_fps", camera="demo", stage=stage) > 0
    assert demo.metric("edge_fer_fps", camera="demo", stage="pipeline") > 0
    assert demo.metric("edge_fer_inference_seconds_count", camera="demo") > 0
    assert demo.metric("edge_fer_latency_seconds_count", camera="demo") > 0
    assert demo.metric("edge_fer_source_up", camera="demo") == 1
    assert demo.metric("edge_fer_mqtt_connected") == 1
    assert demo.metric("edge_fer_emotions_total", emotion="happy") > 0
    # Frames go on while we ask.
    before = captured()
    lost = demo.metric("edge_fer_frames_dropped_total", camera="demo", stage="detect")
    done = demo.metric("edge_fer_frames_processed_total", camera="demo", stage="publish")
    assert before - 10 <= lost + done <= captured()


def test_one_viewer_too_many_is_refused_and_a_place_comes_free(daemon: Start) -> None:
    box = daemon(cameras={"demo": {"source": "demo"}}, web={"max_viewers": 1}).ready()
    url = f"http://127.0.0.1:{box.web_port}/cameras/demo/stream.mjpg"
    with urllib.request.urlopen(url, timeout=5) as first:
        assert first.read(1000)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url, timeout=5)
        assert refused.value.code == 503
        eventually(lambda: box.metric("edge_fer_stream_viewers", camera="demo") == 1, 10)

    def place() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=5) as again:
                return bool(again.read(1000))
        except urllib.error.HTTPError:
            return False

    eventually(place, 10, "a free place")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0_and_a_farewell(
    demo: Daemon, subscribe: Subscribe, number: int
) -> None:
    eventually(lambda: listens(demo.mqtt_port))
    subscriber = subscribe(demo.mqtt_port)
    eventually(subscriber.events, 30, "a face")
    code, seconds = demo.stop(number)
    assert code == 0
    assert seconds < STOP_SECONDS
    for topic in ("box-1/status", "demo/status"):
        eventually(lambda topic=topic: subscriber.payloads(topic)[-1] == b"offline", 5, topic)
    eventually(lambda: subscriber.events()[-1]["event"] == "lost", 5)
    eventually(lambda: json.loads(subscriber.payloads("demo/state")[-1])["faces"] == 0, 5)
    assert "Traceback" not in demo.text
