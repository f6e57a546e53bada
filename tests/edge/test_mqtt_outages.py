"""What becomes of messages when the broker is away, dies, freezes or comes late."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from edge.backoff import Backoff
from edge.config.mqtt import MqttConfig, OutboxConfig
from edge.metrics import MQTT_DROPS, Metrics
from edge.mqtt import connection as mqtt_connection
from edge.mqtt import link
from edge.mqtt.client import Limits, Node
from edge.mqtt.connection import Connection
from edge.mqtt.outbox import Outbox
from edge.mqtt.outgoing import Kind, Outgoing
from edge.mqtt.publisher import MqttPublisher
from tests.support.mqtt import (
    ACCEPTED_3,
    Answer,
    MortalBroker,
    NumberSubscriber,
    OddBroker,
    accepted_5,
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
    assert [dropped(metrics, reason) for reason in MQTT_DROPS] == [0] * len(MQTT_DROPS)
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
    client.stop(time.monotonic() + 1)
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
    other.stop(time.monotonic() + 1)
    eventually(lambda: "it does not answer any more" in caplog.text)
    eventually(lambda: "accepts the connection and says nothing" in caplog.text)
    assert metric(metrics, "connect_failures_total", reason="timeout")


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


def test_a_message_that_the_broker_hangs_up_on_is_given_up_and_holds_up_nothing(
    tmp_path: Path, subscribe: Subscribe, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    port, metrics = free_port(), Metrics()
    limit = "max_packet_size 2000\nlistener {port} 127.0.0.1\nallow_anonymous true\n"
    broker = start_mosquitto(tmp_path, port, limit)
    reader = subscribe(port)
    client = publish(port, metrics, version="3.1.1")
    for number in range(5):
        client.publish_event("door/event", str(number).encode())
    client.publish_event("door/event", b"x" * 3000)
    for number in range(5, 40):
        client.publish_event("door/event", str(number).encode())
    eventually(lambda: b"39" in reader.payloads("event"), 60, "the events after it")
    seen = dict.fromkeys(reader.payloads("event"))
    assert list(seen) == [str(number).encode() for number in range(40)]
    eventually(lambda: metric(metrics, "outbox_messages") == 0)
    assert dropped(metrics, "refused") == 1
    assert "hangs up on edge-fer/box/door/event of 3000 bytes: given up" in caplog.text
    assert (metric(metrics, "connections_lost_total") or 0) >= 3
    broker.kill()


def test_a_state_that_the_broker_hangs_up_on_holds_up_nothing(
    publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(topic: str) -> Answer:
        return "hang up" if topic.endswith("/state") else "acknowledge"

    broker, metrics = OddBroker(answer), Metrics()
    client = publish(broker.port, metrics, version="3.1.1")
    client.publish_retained("door/state", b"{}")
    client.publish_event("door/event", b"1")

    def arrived() -> bool:
        # A camera's state is told anew all the time.
        client.publish_retained("door/state", b"{}")
        return any(topic.endswith("/event") for _, topic, _ in broker.taken)

    eventually(arrived, 60, "the event")
    assert "hangs up on edge-fer/box/door/state of 2 bytes: given up" in caplog.text
    assert broker.connections >= 5, "one for all, three for it alone, one without it"
    broker.close()


def test_a_broker_that_acknowledges_nothing_is_left(
    publish: Publish, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(mqtt_connection, "KEEPALIVE_SECONDS", 1)
    broker, metrics = OddBroker(lambda _: "ignore"), Metrics()
    client = publish(broker.port, metrics, version="3.1.1")
    client.publish_event("door/event", b"1")
    eventually(lambda: caplog.text.count("does not acknowledge") > 0)
    eventually(lambda: broker.connections > 3, 60)
    broker.answer = lambda _: "acknowledge"
    eventually(lambda: any(topic.endswith("/event") for _, topic, _ in broker.taken), 60)
    assert [dropped(metrics, reason) for reason in MQTT_DROPS] == [0] * len(MQTT_DROPS)
    broker.close()


@pytest.mark.parametrize("seconds", [0, 60_000])
def test_a_broker_cannot_keep_us_from_noticing_that_it_froze(
    publish: Publish,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    seconds: int,
) -> None:
    monkeypatch.setattr(mqtt_connection, "KEEPALIVE_SECONDS", 2)
    # 0x13: Server Keep Alive.
    broker = OddBroker(connack=accepted_5(b"\x13" + seconds.to_bytes(2, "big")))
    client = publish(broker.port, Metrics())
    eventually(lambda: client.connected and broker.taken)
    broker.frozen = True
    eventually(lambda: "it does not answer any more" in caplog.text)
    broker.close()


def test_connections_that_do_not_last_make_us_slower_and_have_a_cause(
    publish: Publish, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    resets: list[int] = []

    class Watched(Backoff):
        def reset(self) -> None:
            resets.append(1)
            super().reset()

    monkeypatch.setattr(link, "Backoff", Watched)
    # Not an acknowledgement of anything: it hangs up when it is subscribed to.
    broker, metrics = OddBroker(connack=ACCEPTED_3, and_then=b"\x00\x00"), Metrics()
    publish(broker.port, metrics, version="3.1.1")
    eventually(lambda: (metric(metrics, "connections_lost_total") or 0) >= 4, 60)
    assert "does another box have this node's name?" in caplog.text
    told = caplog.text.count("lost the broker")
    assert told <= (metric(metrics, "connections_lost_total") or 0)
    assert resets == []
    monkeypatch.setattr(link, "LASTING_SECONDS", 0.0)
    eventually(lambda: resets, 60)
    broker.close()


def test_a_packet_too_large_for_us_is_not_waited_for(
    publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    # The broker announces 200 MB, and begins to send them.
    broker, metrics = OddBroker(and_then=b"\x30\x80\x84\xaf\x5f" + b"x" * 5000), Metrics()
    client = publish(broker.port, metrics, version="3.1.1")
    eventually(lambda: "it sends more than 1000000 bytes at once" in caplog.text)
    eventually(lambda: broker.connections >= 2)
    assert client.error is None
    broker.close()


def test_what_could_not_be_written_is_not_done() -> None:
    metrics = Metrics()
    outbox = Outbox(OutboxConfig(), metrics)
    config = MqttConfig.model_validate({"broker": "b", "topics": {"event": {"qos": 0}}})
    node = Node(config, "box", "127.0.0.1", "edge-fer/box", None)

    def lost(*_: object) -> None:
        raise AssertionError

    closed = Connection(node, MQTTProtocolVersion.MQTTv311, Limits(), lost, lost, lost)
    for message in (
        Outgoing("edge-fer/box/door/event", b"{}", Kind.EVENT),
        Outgoing("edge-fer/box/door/faces", b"{}", Kind.FACES),
    ):
        (outbox.put_event if message.kind is Kind.EVENT else outbox.put_live)(message)
        taken = outbox.take(room=True, faces_need_room=False)
        assert taken is message
        assert not closed.send(taken)
    outbox.lost_connection(closed.unfinished, closed.suspect)
    assert metric(metrics, "outbox_messages") == 1
    assert dropped(metrics, "disconnected") == 1
    again = outbox.take(room=True, faces_need_room=False)
    assert again is not None
    assert again.payload == b"{}"
