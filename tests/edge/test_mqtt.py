"""The MQTT client against a real broker, and without one."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.config import MqttConfig
from edge.metrics import Metrics
from edge.publish.broker import EmbeddedBroker
from edge.publish.mqtt import MqttPublisher
from tests.support.servers import Subscriber, start_mosquitto
from tests.support.system import Process, eventually, free_port

Subscribe = Callable[[int], Subscriber]


def publisher(port: int, metrics: Metrics, **config: object) -> MqttPublisher:
    settings = MqttConfig.model_validate({"broker": "127.0.0.1", "port": port, **config})
    return MqttPublisher(settings, "box", "127.0.0.1", metrics)


def dropped(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("edge_fer_mqtt_dropped_total")


def test_an_outage_longer_than_the_queue_loses_what_is_counted_and_no_status(
    tmp_path: Path, subscribe: Subscribe
) -> None:
    port, metrics = free_port(), Metrics()
    client = publisher(port, metrics)
    client.start()
    client.publish_retained("door/status", b"online")
    for number in range(1200):
        client.publish_event("door/event", str(number).encode())
    client.publish("door/faces", b"{}")
    assert dropped(metrics) == 201
    broker = start_mosquitto(tmp_path, port)
    try:
        eventually(lambda: client.connected, 60, "connecting")
        eventually(lambda: not _waiting(client), 30, "sending all")
        late = subscribe(port)
        eventually(lambda: len(late.messages) >= 2)
        assert {(topic, payload) for topic, payload, _ in late.messages} == {
            ("edge-fer/box/status", b"online"),
            ("edge-fer/box/door/status", b"online"),
        }
        assert dropped(metrics) == 201
        client.stop(time.monotonic() + 2)
        eventually(lambda: late.payloads("door/status") == [b"online", b"offline"])
        eventually(lambda: late.payloads("box/status") == [b"online", b"offline"])
    finally:
        broker.kill()


def test_a_broker_that_comes_back_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    port, metrics = free_port(), Metrics()
    client = publisher(port, metrics)
    client.start()
    broker = start_mosquitto(tmp_path, port)
    eventually(lambda: client.connected)
    broker.kill()
    eventually(lambda: "lost the broker" in caplog.text)
    time.sleep(4)
    broker = start_mosquitto(tmp_path, port)
    eventually(lambda: caplog.text.count("connected to the broker") == 2)
    client.stop(time.monotonic() + 1)
    broker.kill()


def _waiting(client: MqttPublisher) -> bool:
    return any(not event.is_published() for event in client._events)


def test_events_that_never_went_out_are_counted_at_the_end() -> None:
    metrics = Metrics()
    client = publisher(free_port(), metrics)
    client.start()
    for _ in range(5):
        client.publish_event("door/event", b"{}")
    start = time.monotonic()
    client.stop(start + 1)
    assert time.monotonic() - start < 2
    assert dropped(metrics) == 5


def test_refused_credentials_are_said_once_and_are_no_connection(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port, metrics = free_port(), Metrics()
    broker = start_mosquitto(tmp_path, port, "listener {port} 127.0.0.1\nallow_anonymous false\n")
    client = publisher(port, metrics, username="me", password="secret")
    try:
        client.start()
        eventually(lambda: "refuses the connection" in caplog.text)
        time.sleep(2.5)
        assert caplog.text.count("refuses the connection") == 1
        assert "secret" not in caplog.text
        assert metrics.registry.get_sample_value("edge_fer_mqtt_connected") == 0
    finally:
        client.stop(time.monotonic() + 1)
        broker.kill()


def test_the_embedded_broker_sends_nobody_what_he_did_not_ask_for() -> None:
    port, metrics = free_port(), Metrics()
    broker = EmbeddedBroker(port)
    broker.start()
    client = publisher(port, metrics)
    try:
        client.start()
        eventually(lambda: client.connected)
        first = Subscriber(port, "edge-fer/+/status")
        eventually(lambda: first.payloads("box/status"))
        first.close()
        other = Subscriber(port, "nothing/#")
        time.sleep(1)
        assert other.messages == []
        other.close()
    finally:
        client.stop(time.monotonic() + 1)
        broker.stop(time.monotonic() + 2)


def test_a_client_that_dies_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    client = publisher(free_port(), Metrics())

    def die(**_: object) -> None:
        raise UnicodeError("label too long")

    monkeypatch.setattr(client._client, "loop_forever", die)
    client.start()
    assert isinstance(eventually(lambda: client.error), UnicodeError)


def test_events_of_many_cameras_at_once_all_arrive_in_their_order(
    mosquitto: tuple[Process, int], subscribe: Subscribe
) -> None:
    _, port = mosquitto
    subscriber = subscribe(port)
    client = publisher(port, Metrics())
    client.start()
    eventually(lambda: client.connected)

    def camera(name: int) -> None:
        for number in range(200):
            client.publish(f"{name}/faces", b"x" * 20_000)
            client.publish_event(f"{name}/event", str(number).encode())

    threads = [threading.Thread(target=camera, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for name in range(4):
        ending = f"{name}/event"
        eventually(lambda ending=ending: len(subscriber.payloads(ending)) == 200, 30, ending)
        assert subscriber.payloads(ending) == [str(number).encode() for number in range(200)]
    client.stop(time.monotonic() + 1)
