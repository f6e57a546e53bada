"""The embedded broker: who may come in, and where it listens."""

import socket
import time
from collections.abc import Iterator

import pytest

from edge.errors import EdgeFerError
from edge.metrics import Metrics
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
