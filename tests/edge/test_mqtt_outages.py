"""What becomes of messages when the broker is away, dies, freezes or comes late."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.metrics import MQTT_DROPS, Metrics
from edge.mqtt import connection as mqtt_connection
from edge.mqtt.publisher import MqttPublisher
from tests.support.mqtt import (
    MortalBroker,
    NumberSubscriber,
    dropped,
    metric,
    publisher,
)
from tests.support.servers import Subscriber, start_mosquitto
from tests.support.system import Process, eventually, free_port

Subscribe = Callable[[int], Subscriber]
Publish = Callable[..., MqttPublisher]


def test_an_outage_longer_than_the_outbox_loses_the_oldest_and_counts_them(
    tmp_path: Path, subscribe: Subscribe
) -> None:
    broker, metrics = MortalBroker(tmp_path), Metrics()
    reader = NumberSubscriber(broker.port)
    broker.save()
    broker.kill()
    client = publisher(broker.port, metrics)
    client.start()
    for state in (b"starting", b"online"):
        client.publish_retained("door/status", state)
    for number in range(1200):
        client.publish_event("door/event", str(number).encode())
    client.publish("door/faces", b"{}")
    assert dropped(metrics, "overflow") == 200
    assert dropped(metrics, "disconnected") == 1
    assert metric(metrics, "outbox_messages") == 1000
    broker.start()
    try:
        eventually(lambda: len(reader.numbers) == 1000, 60, "all that was kept")
        assert reader.numbers == list(range(200, 1200))
        eventually(lambda: metric(metrics, "outbox_messages") == 0)
        late = subscribe(broker.port)
        eventually(lambda: len(late.messages) >= 2)
        assert {(topic, payload) for topic, payload, _ in late.messages} == {
            ("edge-fer/box/status", b"online"),
            ("edge-fer/box/door/status", b"online"),
        }
        assert dropped(metrics, "overflow") == 200
        client.stop(time.monotonic() + 5)
        eventually(lambda: late.payloads("door/status") == [b"online", b"offline"])
        eventually(lambda: late.payloads("box/status") == [b"online", b"offline"])
    finally:
        reader.close()
        broker.kill()


def test_a_broker_that_dies_again_and_again_loses_and_reorders_nothing(
    tmp_path: Path, publish: Publish
) -> None:
    broker, metrics = MortalBroker(tmp_path), Metrics()
    reader = NumberSubscriber(broker.port)
    broker.save()
    client = publish(broker.port, metrics, outbox={"messages": 100_000})
    done = threading.Event()
    sent = 0

    def events() -> None:
        nonlocal sent
        while not done.wait(0.003):
            client.publish_event("door/event", f"{sent} {'x' * 500}".encode())
            sent += 1

    thread = threading.Thread(target=events)
    thread.start()
    try:
        for _ in range(5):
            seen = len(reader.numbers)
            eventually(lambda seen=seen: len(reader.numbers) > seen + 50, 60, "events")
            broker.kill()
            broker.start()
            assert reader.connected.wait(30)
    finally:
        done.set()
        thread.join()
    eventually(lambda: reader.numbers and reader.numbers[-1] == sent - 1, 60, "the last event")
    assert reader.fresh == list(range(sent))
    assert [dropped(metrics, reason) for reason in MQTT_DROPS] == [0, 0, 0, 0]
    reader.close()
    broker.kill()


def test_a_broker_that_comes_back_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    port, metrics = free_port(), Metrics()
    client = publisher(port, metrics)
    client.start()
    eventually(lambda: "connection refused" in caplog.text)
    broker = start_mosquitto(tmp_path, port)
    eventually(lambda: client.connected)
    broker.kill()
    eventually(lambda: "lost the broker" in caplog.text)
    time.sleep(4)
    broker = start_mosquitto(tmp_path, port)
    eventually(lambda: caplog.text.count("connected to the broker") == 2)
    assert metric(metrics, "connect_failures_total", reason="unreachable")
    client.stop(time.monotonic() + 1)
    broker.kill()


def test_events_that_never_went_out_are_counted_at_the_end() -> None:
    metrics = Metrics()
    client = publisher(free_port(), metrics)
    client.start()
    for _ in range(5):
        client.publish_event("door/event", b"{}")
    start = time.monotonic()
    client.stop(start + 1)
    assert time.monotonic() - start < 2
    client.publish_event("door/event", b"{}")
    assert dropped(metrics, "shutdown") == 6


def test_a_frozen_broker_is_noticed_and_holds_up_no_end(
    mosquitto: tuple[Process, int],
    publish: Publish,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(mqtt_connection, "KEEPALIVE_SECONDS", 2)
    monkeypatch.setattr(mqtt_connection, "CONNACK_SECONDS", 0.5)
    process, port = mosquitto
    metrics = Metrics()
    client, other = publish(port, metrics), publish(port, Metrics(), node="other")
    eventually(lambda: client.connected and other.connected)
    process.freeze()
    for _ in range(100):
        other.publish("door/faces", b"x" * 100_000)
        other.publish_event("door/event", b"x" * 100_000)
    start = time.monotonic()
    other.stop(start + 1)
    assert time.monotonic() - start < 2
    eventually(lambda: "it does not answer any more" in caplog.text)
    eventually(lambda: "accepts the connection and says nothing" in caplog.text)
    assert metric(metrics, "connect_failures_total", reason="timeout")
    start = time.monotonic()
    client.stop(start + 1)
    assert time.monotonic() - start < 2


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
