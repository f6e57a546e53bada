"""The MQTT client against a real broker, and without one."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import edge
from edge.metrics import MQTT_DROPS, Metrics
from edge.mqtt import link, properties, reasons
from edge.mqtt.broker import EmbeddedBroker
from edge.mqtt.publisher import MqttPublisher
from tests.support.mqtt import (
    Answer,
    FiveSubscriber,
    OddBroker,
    OldBroker,
    accepted_5,
    dropped,
    metric,
    publisher,
)
from tests.support.servers import Subscriber, start_mosquitto
from tests.support.system import Process, eventually, free_port

Subscribe = Callable[[int], Subscriber]
FiveSubscribe = Callable[[int], FiveSubscriber]
Publish = Callable[..., MqttPublisher]


@pytest.fixture
def five() -> Iterator[FiveSubscribe]:
    """Subscribe with MQTT 5; disconnected after the test."""
    open_ones: list[FiveSubscriber] = []

    def start(port: int) -> FiveSubscriber:
        open_ones.append(FiveSubscriber(port))
        return open_ones[-1]

    yield start
    for subscriber in open_ones:
        subscriber.close()


def test_metrics_are_there_from_the_start() -> None:
    metrics = Metrics()
    assert {reason: dropped(metrics, reason) for reason in MQTT_DROPS} == dict.fromkeys(
        ("overflow", "disconnected", "refused", "shutdown", "privacy"), 0
    )
    assert metric(metrics, "connect_failures_total", reason="tls") == 0
    assert metric(metrics, "outbox_messages") == metric(metrics, "outbox_bytes") == 0


def test_mqtt_5_says_type_lifetime_and_origin(
    mosquitto: tuple[Process, int], five: FiveSubscribe, publish: Publish
) -> None:
    _, port = mosquitto
    reader, client = five(port), publish(port, Metrics(), event_expiry_seconds=100)
    eventually(lambda: client.connected)
    client.publish_event("door/event", b"{}")
    client.publish("door/faces", b"{}")
    client.publish_picture("door/snapshot", b"jpeg")
    client.publish_retained("door/status", b"online")
    client.publish_absolute("edge-fer/else/config", b"{}")
    expected = {
        "box/door/event": ("application/json", 100),
        "box/door/faces": ("application/json", 5),
        "box/door/snapshot": ("image/jpeg", 5),
        "box/door/status": ("text/plain", 60),
        "box/status": ("text/plain", None),
        "else/config": ("application/json", None),
    }
    for ending, (content_type, expiry) in expected.items():
        message = eventually(lambda ending=ending: reader.newest(ending), what=ending)
        properties = message.properties
        assert properties is not None
        assert properties.ContentType == content_type
        assert dict(properties.UserProperty) == {"version": edge.__version__, "node": "box"}
        left = getattr(properties, "MessageExpiryInterval", None)
        assert left == expiry if expiry is None else 0 < left <= expiry, ending


def test_an_event_is_worth_less_the_longer_it_waited(
    tmp_path: Path, five: FiveSubscribe, publish: Publish
) -> None:
    port = free_port()
    # Retained, so that it does not matter who comes first to the broker.
    topics = {"event": {"retain": True}}
    client = publish(port, Metrics(), event_expiry_seconds=1000, topics=topics)
    client.publish_event("door/event", b"{}")
    time.sleep(2.1)
    broker = start_mosquitto(tmp_path, port)
    try:
        reader = five(port)
        message = eventually(lambda: reader.newest("event"))
        assert message.properties is not None
        assert message.properties.MessageExpiryInterval <= 998
    finally:
        broker.kill()


def test_what_no_longer_holds_vanishes_when_nobody_repeats_it(
    mosquitto: tuple[Process, int],
    five: FiveSubscribe,
    publish: Publish,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(properties, "STATE_EXPIRY_SECONDS", 4)
    monkeypatch.setattr(properties, "STATE_REPEAT_SECONDS", 1)
    _, port = mosquitto
    client = publish(port, Metrics())
    client.publish_retained("door/state", b"{}")
    eventually(lambda: client.connected)
    time.sleep(6)  # longer than the broker would keep it
    both = {"edge-fer/box/status", "edge-fer/box/door/state"}
    eventually(lambda: _retained(five(port)) == both)
    monkeypatch.setattr(properties, "STATE_REPEAT_SECONDS", 1000)
    eventually(lambda: _retained(five(port)) == {"edge-fer/box/status"})


def _retained(reader: FiveSubscriber) -> set[str]:
    """Return the topics that a new subscriber is told of at once."""
    reader.publish("edge-fer/end")  # brokers send what they retain first
    eventually(lambda: reader.newest("end"))
    return {message.topic for message in reader.messages if message.retain}


@pytest.mark.parametrize("refuses", [True, False])
def test_a_broker_before_mqtt_5_gets_3_1_1(
    mosquitto: tuple[Process, int],
    subscribe: Subscribe,
    publish: Publish,
    caplog: pytest.LogCaptureFixture,
    refuses: bool,
) -> None:
    caplog.set_level("INFO")
    _, port = mosquitto
    old = OldBroker(port, refuses)
    reader, client = subscribe(port), publish(old.port, Metrics())
    client.publish_event("door/event", b"1")
    eventually(lambda: reader.payloads("event") == [b"1"])
    assert old.levels == ([5, 4] if refuses else [5, 5, 4])
    if refuses:
        eventually(lambda: "refuses MQTT 5: using 3.1.1" in caplog.text)
    old.close()


def test_only_the_version_that_is_asked_for(
    mosquitto: tuple[Process, int], publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    old = OldBroker(mosquitto[1], refuses=True)
    metrics = Metrics()
    client = publish(old.port, metrics, version=5)
    eventually(lambda: "Unsupported protocol version; set mqtt.version to auto" in caplog.text)
    assert not client.connected
    assert metric(metrics, "connect_failures_total", reason="refused")
    old.close()
    first = OldBroker(mosquitto[1], refuses=True)
    client = publish(first.port, Metrics(), version="3.1.1")
    eventually(lambda: client.connected)
    assert first.levels == [4]
    first.close()


def test_refused_credentials_are_said_once_and_are_no_connection(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, publish: Publish
) -> None:
    port, metrics = free_port(), Metrics()
    broker = start_mosquitto(tmp_path, port, "listener {port} 127.0.0.1\nallow_anonymous false\n")
    client = publish(port, metrics, username="me", password="secret")
    eventually(lambda: (metric(metrics, "connect_failures_total", reason="refused") or 0) > 2)
    assert caplog.text.count("refuses the connection") == 1
    assert "check mqtt.username and mqtt.password" in caplog.text
    assert "secret" not in caplog.text
    assert not client.connected
    assert metric(metrics, "connected") == 0
    client.publish("door/faces", b"{}")
    assert dropped(metrics, "disconnected") == 1
    broker.kill()
    broker = start_mosquitto(tmp_path, port)
    eventually(lambda: metric(metrics, "connected") == 1)
    broker.kill()


def test_a_topic_that_the_broker_does_not_take_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, subscribe: Subscribe, publish: Publish
) -> None:
    port, metrics = free_port(), Metrics()
    (tmp_path / "acl").write_text(
        "topic read #\ntopic write edge-fer/box/status\ntopic write edge-fer/box/window/#\n"
    )
    broker = start_mosquitto(
        tmp_path,
        port,
        "user root\nlistener {port} 127.0.0.1\nallow_anonymous true\n"
        f"acl_file {tmp_path / 'acl'}\n",
    )
    reader, client = subscribe(port), publish(port, metrics)
    for number in range(3):
        client.publish_event("door/event", b"no")
        client.publish_event("window/event", str(number).encode())
    eventually(lambda: len(reader.payloads("event")) == 3)
    eventually(lambda: dropped(metrics, "refused") == 3)
    assert reader.payloads("event") == [b"0", b"1", b"2"]
    line = "does not take edge-fer/box/door/event: Not authorized"
    assert caplog.text.count(line) == 1
    eventually(lambda: metric(metrics, "outbox_messages") == 0)
    broker.kill()


def test_a_broker_with_limits_gets_what_it_takes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, subscribe: Subscribe, publish: Publish
) -> None:
    port, metrics = free_port(), Metrics()
    broker = start_mosquitto(
        tmp_path,
        port,
        "retain_available false\nmax_packet_size 2000\n"
        "listener {port} 127.0.0.1\nallow_anonymous true\nmax_qos 0\n",
    )
    client = publish(port, metrics)
    eventually(lambda: client.connected)
    reader = subscribe(port)
    client.publish_retained("door/state", b"{}")
    client.publish_event("door/event", b"x" * 3000)
    client.publish_event("door/event", b"small")
    eventually(lambda: reader.payloads("event") == [b"small"])
    eventually(lambda: reader.payloads("state"))
    eventually(lambda: dropped(metrics, "refused") == 1)
    eventually(lambda: "door/event: its packets have 2000 bytes at most" in caplog.text)
    assert caplog.text.count("takes QoS 0 only") == 1
    late = subscribe(port)
    client.publish_event("door/event", b"last")
    eventually(lambda: late.payloads("event") == [b"last"])
    assert late.payloads("state") == [], "it keeps nothing"
    broker.kill()


def test_a_broker_is_sent_no_more_at_once_than_it_takes(publish: Publish) -> None:
    seen: list[str] = []

    def answer(topic: str) -> Answer:
        seen.append(topic)
        return "ignore" if topic.endswith("event") else "acknowledge"

    # 0x21: Receive Maximum.
    broker = OddBroker(answer, accepted_5(b"\x21\x00\x03"))
    client = publish(broker.port, Metrics(), topics={"faces": {"qos": 0}})
    for number in range(10):
        client.publish_event(f"{number}/event", b"{}")
    eventually(lambda: len([topic for topic in seen if topic.endswith("event")]) == 3)
    # It goes on with what needs no acknowledgement, and with nothing else.
    client.publish("door/faces", b"{}")
    eventually(lambda: "edge-fer/box/door/faces" in seen)
    assert len([topic for topic in seen if topic.endswith("event")]) == 3
    broker.close()


def test_pictures_are_never_retained(
    mosquitto: tuple[Process, int], subscribe: Subscribe, publish: Publish
) -> None:
    _, port = mosquitto
    topics = {"faces": {"qos": 1, "retain": True}}
    reader, client = subscribe(port), publish(port, Metrics(), topics=topics)
    eventually(lambda: client.connected)
    client.publish_picture("door/snapshot", b"jpeg")
    client.publish("door/faces", b"{}")
    eventually(lambda: reader.payloads("snapshot") and reader.payloads("faces"))
    late = subscribe(port)
    eventually(lambda: late.payloads("faces") and late.payloads("box/status"))
    late.publish("edge-fer/end", "")  # brokers send what they retain first
    eventually(lambda: late.payloads("edge-fer/end"))
    assert late.payloads("snapshot") == []


def test_what_holds_without_the_box_is_retained_in_any_case(
    mosquitto: tuple[Process, int], subscribe: Subscribe, publish: Publish
) -> None:
    _, port = mosquitto
    client = publish(port, Metrics(), topics={"state": {"retain": False}})
    client.publish_retained("door/state", b"{}")
    reader = subscribe(port)
    eventually(lambda: client.connected)
    client.publish_event("door/event", b"{}")
    eventually(lambda: reader.payloads("event"))
    late = subscribe(port)
    eventually(lambda: late.payloads("box/status") == [b"online"])
    late.publish("edge-fer/end", "")
    eventually(lambda: late.payloads("edge-fer/end"))
    assert late.payloads("state") == []


def test_commands_come_in_and_a_listener_that_fails_harms_nothing(
    mosquitto: tuple[Process, int],
    subscribe: Subscribe,
    publish: Publish,
    caplog: pytest.LogCaptureFixture,
) -> None:
    _, port = mosquitto
    other = publish(port, Metrics(), node="other")
    other.publish_absolute("home/hello", b"retained")
    other.publish_absolute("door/set", b"pause")
    reader = subscribe(port)
    eventually(lambda: reader.payloads("other/status"))
    taken: list[tuple[str, bytes]] = []
    orders: list[bytes] = []
    client = publisher(port, Metrics())
    client.subscribe("home/+", lambda topic, payload: taken.append((topic, payload)))
    client.subscribe("door/set", lambda _, payload: orders.append(payload), retained=False)
    client.start()
    eventually(lambda: ("home/hello", b"retained") in taken)
    reader.publish("door/set", "now")
    eventually(lambda: orders == [b"now"], what="the order without what was retained")

    def fail(*_: object) -> None:
        raise ValueError("of no use")

    client.subscribe("edge-fer/#", fail)
    eventually(lambda: "an MQTT listener failed with 'edge-fer/" in caplog.text)
    eventually(lambda: "of no use" in caplog.text)
    assert "Traceback" not in caplog.text
    for number in range(20):
        reader.publish(f"edge-fer/{number}", "")
    eventually(lambda: len(taken) and reader.payloads("edge-fer/19"))
    assert caplog.text.count("an MQTT listener failed") == 1, "a peer does not fill our log"
    assert client.connected
    client.stop(time.monotonic() + 1)


def test_topics_are_given_up(mosquitto: tuple[Process, int], subscribe: Subscribe) -> None:
    _, port = mosquitto
    reader = subscribe(port)
    client = publisher(port, Metrics())
    orders: list[str] = []
    client.subscribe("edge-fer/box/door/set", lambda *_: orders.append("old"))
    client.start()
    eventually(lambda: client.connected)
    # Who subscribes again takes the place of the one before.
    client.subscribe("edge-fer/box/door/set", lambda *_: orders.append("new"))
    client.subscribe("edge-fer/box/hall/set", lambda *_: orders.append("hall"))
    eventually(lambda: reader.publish("edge-fer/box/door/set", "") or orders)
    assert set(orders) == {"new"}
    client.unsubscribe("edge-fer/box/door/set")
    orders.clear()
    reader.publish("edge-fer/box/door/set", "")
    eventually(lambda: reader.publish("edge-fer/box/hall/set", "") or orders)
    assert set(orders) == {"hall"}
    client.stop(time.monotonic() + 1)


def test_what_is_retained_of_a_camera_that_is_gone_is_deleted(
    mosquitto: tuple[Process, int], subscribe: Subscribe
) -> None:
    """Also events, where they are retained; and another whose name begins alike stays."""
    _, port = mosquitto
    client = publisher(port, Metrics(), topics={"event": {"retain": True}})
    client.start()
    for camera in ("door", "door-2"):
        client.publish_retained(f"{camera}/status", b"online")
        client.publish_event(f"{camera}/event", b"{}")
    reader = subscribe(port)
    eventually(lambda: reader.payloads("door/event") and reader.payloads("door-2/event"))
    client.clear("door")
    eventually(lambda: reader.payloads("door/event")[-1] == b"")
    eventually(lambda: reader.payloads("door/status")[-1] == b"")
    client.stop(time.monotonic() + 1)
    late = subscribe(port)
    eventually(lambda: late.payloads("door-2/status") == [b"offline"])
    late.publish("edge-fer/end", "")  # what is retained has come by when this has
    eventually(lambda: late.payloads("edge-fer/end"))
    assert {topic for topic, *_ in late.messages} == {
        "edge-fer/box/status", "edge-fer/box/door-2/status", "edge-fer/box/door-2/event",
        "edge-fer/end",
    }  # fmt: skip


def test_an_address_that_nobody_knows_is_said(
    publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    publish(free_port(), Metrics(), host="no-such-host.invalid")
    eventually(lambda: "cannot be reached: its name" in caplog.text, 60)


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (socket.EAI_NONAME, "its name is not known; check mqtt.broker"),
        (socket.EAI_AGAIN, "does this box reach its name server?"),
    ],
)
def test_a_name_server_that_is_away_is_no_wrong_name(number: int, line: str) -> None:
    assert line in reasons.of_error(socket.gaierror(number, "no")).words


def test_who_speaks_no_mqtt_is_named(publish: Publish, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        stop = threading.Event()

        def answer() -> None:
            while not stop.is_set():
                peer, _ = listener.accept()
                peer.recv(4096)
                peer.sendall(b"\x20\x05\x00\x00\xff\xff\xff SSH-2.0")
                peer.close()

        threading.Thread(target=answer, daemon=True).start()
        client = publish(port, Metrics())
        eventually(lambda: "answers what we cannot read; check mqtt.port" in caplog.text)
        assert client.error is None
        stop.set()


def test_the_embedded_broker_sends_nobody_what_he_did_not_ask_for() -> None:
    port, metrics = free_port(), Metrics()
    broker = EmbeddedBroker(port)
    broker.start()
    client = publisher(port, metrics, version="3.1.1")
    try:
        client.start()
        eventually(lambda: client.connected)
        first = Subscriber(port, "edge-fer/+/status")
        eventually(lambda: first.payloads("box/status"))
        first.close()
        other = Subscriber(port, "nothing/#")
        other.publish("nothing/end", "")
        eventually(lambda: other.payloads("end"))
        assert [topic for topic, *_ in other.messages] == ["nothing/end"]
        other.close()
    finally:
        client.stop(time.monotonic() + 1)
        broker.stop(time.monotonic() + 2)


def test_the_embedded_broker_is_found_to_be_of_before_mqtt_5(publish: Publish) -> None:
    port = free_port()
    broker = EmbeddedBroker(port)
    broker.start()
    metrics = Metrics()
    embedded = publish(port, metrics, broker="embedded")
    eventually(lambda: embedded.connected)
    assert metric(metrics, "connect_failures_total", reason="protocol") == 0
    assert metric(metrics, "connect_failures_total", reason="timeout") == 0
    embedded.stop(time.monotonic() + 1)
    client = publish(port, Metrics())
    eventually(lambda: client.connected, 60)
    client.stop(time.monotonic() + 1)
    broker.stop(time.monotonic() + 2)


def test_a_client_that_dies_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    client = publisher(free_port(), Metrics())

    def die(*_: object) -> None:
        raise MemoryError("no more")

    monkeypatch.setattr(link, "Connection", die)
    client.start()
    assert isinstance(eventually(lambda: client.error), MemoryError)
