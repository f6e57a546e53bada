"""The embedded broker: who may come in, and where it listens."""

import socket
import time
from collections.abc import Iterator

import paho.mqtt.client as paho
import pytest
from amqtt.broker import Broker
from paho.mqtt.enums import CallbackAPIVersion

from edge.errors import EdgeFerError
from edge.metrics import Metrics
from edge.mqtt import broker as broker_module
from edge.mqtt.broker import EmbeddedBroker
from tests.support.mqtt import publisher
from tests.support.system import eventually, free_port


@pytest.fixture
def locked() -> Iterator[int]:
    """A broker with a login, on all addresses; its port."""
    port = free_port()
    broker = EmbeddedBroker(port, "0.0.0.0", "me", "sécret")
    broker.start()
    yield port
    broker.stop(time.monotonic() + 2)


@pytest.mark.parametrize(
    "login",
    [{}, {"username": "me", "password": "wrong"}, {"username": "you", "password": "sécret"}],
)
def test_a_login_is_demanded(
    locked: int, login: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    client = publisher(locked, Metrics(), broker="embedded", **login)
    client.start()
    eventually(lambda: "refuses the connection: Not authorized" in caplog.text)
    assert not client.connected
    client.stop(time.monotonic() + 1)


def test_who_knows_the_login_comes_in(locked: int) -> None:
    client = publisher(locked, Metrics(), broker="embedded", username="me", password="sécret")
    client.start()
    eventually(lambda: client.connected)
    client.stop(time.monotonic() + 1)


def test_a_taken_port_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(EdgeFerError) as error:
            EmbeddedBroker(port).start()
    assert str(error.value) == (
        f"the embedded broker cannot listen on 127.0.0.1:{port}: is another broker there? "
        "Set mqtt.port to a free one, or mqtt.broker to that broker's host"
    )


def test_an_address_of_another_box_is_said_in_one_line() -> None:
    with pytest.raises(EdgeFerError, match=r"this box has no such address; set mqtt\.listen"):
        EmbeddedBroker(free_port(), "192.0.2.1").start()


def test_who_connects_and_says_nothing_keeps_nobody_out(
    locked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_module, "_CONNECT_SECONDS", 1.0)
    monkeypatch.setattr(broker_module, "_CONNECTIONS", 20)
    idle = [socket.create_connection(("127.0.0.1", locked)) for _ in range(60)]
    for peer in idle:
        peer.settimeout(30)
        assert peer.recv(1) == b"", "it hangs up"
        peer.close()
    client = publisher(locked, Metrics(), broker="embedded", username="me", password="sécret")
    client.start()
    eventually(lambda: client.connected)
    client.stop(time.monotonic() + 1)


def test_what_waits_for_an_absent_subscriber_is_bounded(
    locked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_module, "_KEPT", 10)
    heard: list[bytes] = []
    reader = _reader(locked, "reader", heard)
    reader.disconnect()
    reader.loop_stop()
    writer = _reader(locked, "writer", [])
    for number in range(50):
        writer.publish("edge-fer/a", str(number), qos=1).wait_for_publish(10)
    reader = _reader(locked, "reader", heard)
    writer.publish("edge-fer/a", "now", qos=1)
    eventually(lambda: b"now" in heard)
    eventually(lambda: len(heard) >= 11)
    assert sorted(heard) == sorted([*(str(number).encode() for number in range(40, 50)), b"now"])
    for client in (reader, writer):
        client.disconnect()
        client.loop_stop()


def _reader(port: int, name: str, heard: list[bytes]) -> paho.Client:
    """Return a client that keeps its session while it is away."""
    granted: list[int] = []
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
    client.username_pw_set("me", "sécret")
    client.on_connect = lambda client, *_: client.subscribe("edge-fer/a", qos=1)
    client.on_subscribe = lambda *_: granted.append(1)
    client.on_message = lambda _, __, message: heard.append(message.payload)
    client.connect("127.0.0.1", port)
    client.loop_start()
    eventually(lambda: granted)
    return client


def test_a_broker_that_dies_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def die(broker: Broker) -> None:
        await broker._broadcast_queue.get()  # its own, and so are its faults
        raise MemoryError("no more")

    monkeypatch.setattr(Broker, "_broadcast_loop", die)
    port = free_port()
    broker = EmbeddedBroker(port)
    broker.start()
    assert broker.error is None
    client = publisher(port, Metrics(), broker="embedded")
    client.start()
    assert "no more" in str(eventually(lambda: broker.error))
    client.stop(time.monotonic() + 1)
    broker.stop(time.monotonic() + 2)


def test_a_broker_that_ends_as_asked_is_no_fault() -> None:
    broker = EmbeddedBroker(free_port())
    broker.start()
    broker.stop(time.monotonic() + 10)
    assert broker.error is None


def test_whatever_keeps_a_broker_from_its_start_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(_: Broker) -> None:
        raise RuntimeError("of no use")

    monkeypatch.setattr(Broker, "start", fail)
    with pytest.raises(EdgeFerError, match="the embedded broker cannot start: of no use"):
        EmbeddedBroker(free_port()).start()
