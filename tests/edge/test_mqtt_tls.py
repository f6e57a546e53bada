"""TLS against a real broker: what it trusts, and what it says of what it does not."""

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from edge.config.mqtt import MqttConfig, TlsConfig
from edge.errors import ConfigError
from edge.metrics import Metrics
from edge.mqtt.publisher import MqttPublisher, check_mqtt
from edge.mqtt.tls import make_context
from tests.support.mqtt import metric, publisher
from tests.support.servers import start_mosquitto
from tests.support.system import Process, eventually, free_port

Publish = Callable[..., MqttPublisher]

ANYBODY = "allow_anonymous true\n"


class TlsBroker:
    """mosquitto with a certificate; it can be started again with another one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.ca = trustme.CA()
        self.ca.cert_pem.write_to_path(str(folder / "ca.pem"))
        self.process: Process | None = None

    def start(self, *names: str, config: str = ANYBODY, **certificate: Any) -> None:
        """Start it anew with a certificate for `names`."""
        self.kill()
        issued = self.ca.issue_cert(*(names or ("127.0.0.1",)), **certificate)
        issued.private_key_pem.write_to_path(str(self.folder / "server.key"))
        chain = b"".join(each.bytes() for each in issued.cert_chain_pems)
        (self.folder / "server.pem").write_bytes(chain)
        self.process = start_mosquitto(
            self.folder,
            self.port,
            f"user root\nlistener {{port}} 127.0.0.1\ncafile {self.folder}/ca.pem\n"
            f"certfile {self.folder}/server.pem\nkeyfile {self.folder}/server.key\n" + config,
        )

    def kill(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.kill()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[TlsBroker]:
    """One that is not started."""
    server = TlsBroker(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def publish(broker: TlsBroker) -> Iterator[Publish]:
    """Start publishers to the broker; stopped after the test."""
    started: list[MqttPublisher] = []

    def start(metrics: Metrics, **config: Any) -> MqttPublisher:
        config.setdefault("tls", {"ca": "ca.pem"})
        started.append(publisher(broker.port, metrics, broker.folder, **config))
        started[-1].start()
        return started[-1]

    yield start
    for client in started:
        client.stop(0)


def says_and_mends(
    broker: TlsBroker, client: MqttPublisher, metrics: Metrics, line: str, log: Any
) -> None:
    """Wait for a line about a certificate, then for the connection to a broker with a good one."""
    eventually(lambda: line in log.text, what=line)
    assert not client.connected
    assert metric(metrics, "connect_failures_total", reason="tls")
    assert log.text.count(line) == 1
    assert "Traceback" not in log.text
    broker.start()
    eventually(lambda: client.connected, 60)


def test_a_broker_with_a_certificate_of_our_authority_is_trusted(
    broker: TlsBroker, publish: Publish
) -> None:
    broker.start()
    metrics = Metrics()
    client = publish(metrics)
    for number in range(200):
        client.publish_event("door/event", str(number).encode() + b"x" * 20_000)
    eventually(lambda: client.connected and metric(metrics, "outbox_messages") == 0)


def test_an_authority_that_we_do_not_know(
    broker: TlsBroker, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    ours, broker.ca, metrics = broker.ca, trustme.CA(), Metrics()
    broker.start()
    client = publish(metrics)
    broker.ca = ours
    says_and_mends(broker, client, metrics, "check mqtt.tls.ca", caplog)


def test_a_certificate_that_has_expired(
    broker: TlsBroker, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = Metrics()
    broker.start(not_after=datetime.now(UTC) - timedelta(days=1))
    says_and_mends(broker, publish(metrics), metrics, "its certificate has expired", caplog)


def test_a_certificate_for_another_host(
    broker: TlsBroker, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = Metrics()
    broker.start("broker.example.org")
    says_and_mends(broker, publish(metrics), metrics, "is for another host name", caplog)


def test_a_broker_that_wants_our_certificate(
    broker: TlsBroker, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    broker.start(config=f"{ANYBODY}require_certificate true\n")
    metrics = Metrics()
    client = publish(metrics)
    line = "certificate required; set mqtt.tls.certificate and mqtt.tls.key"
    eventually(lambda: "broker" in caplog.text)
    assert line in caplog.text  # at the first attempt, however late CONNECT is
    assert not client.connected
    assert metric(metrics, "connect_failures_total", reason="tls")
    ours = broker.ca.issue_cert("box")
    ours.private_key_pem.write_to_path(str(broker.folder / "box.key"))
    ours.cert_chain_pems[0].write_to_path(str(broker.folder / "box.pem"))
    tls = {"ca": "ca.pem", "certificate": "box.pem", "key": "box.key"}
    other = publish(Metrics(), tls=tls)
    eventually(lambda: other.connected)


def test_a_wrong_password_over_tls(
    broker: TlsBroker, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    broker.start(config="allow_anonymous false\n")
    client = publish(Metrics(), username="me", password="secret")
    eventually(lambda: "check mqtt.username and mqtt.password" in caplog.text)
    assert "secret" not in caplog.text
    broker.start()
    eventually(lambda: client.connected, 60)


def test_a_broker_without_tls(
    broker: TlsBroker, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    broker.process = start_mosquitto(broker.folder, broker.port)
    client = publish(Metrics())
    eventually(lambda: "mqtt.tls" in caplog.text)
    assert not client.connected
    broker.start()
    eventually(lambda: client.connected, 60)


def test_tls_where_we_expect_none(
    broker: TlsBroker, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    broker.start()
    client = publish(Metrics(), tls=None)
    eventually(lambda: "check mqtt.port, mqtt.tls" in caplog.text)
    assert not client.connected


def test_a_broker_that_never_shakes_hands_holds_up_no_end(
    publish: Publish, broker: TlsBroker, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", broker.port)):
        publish(Metrics())
        eventually(lambda: "does not answer" in caplog.text)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"ca": "none.pem"}, "mqtt.tls.ca: cannot read {folder}/none.pem: No such file"),
        ({"ca": "text"}, "mqtt.tls.ca: {folder}/text holds no certificates in PEM form"),
        (
            {"certificate": "none.pem", "key": "a.key"},
            "mqtt.tls.certificate: cannot read {folder}/none.pem: No such file",
        ),
        (
            {"certificate": "a.pem", "key": "."},
            "mqtt.tls.key: cannot read {folder}: Is a directory",
        ),
        ({"certificate": "a.pem", "key": "b.key"}, "mqtt.tls.key: {folder}/b.key is not the key"),
        ({"certificate": "a.pem", "key": "text"}, "mqtt.tls.certificate: {folder}/a.pem and"),
    ],
)
def test_files_that_are_not_right_are_named_before_anything_starts(
    tmp_path: Path, config: dict[str, str], message: str
) -> None:
    (tmp_path / "text").write_text("no certificate")
    for name in "ab":
        issued = trustme.CA().issue_cert(name)
        issued.private_key_pem.write_to_path(str(tmp_path / f"{name}.key"))
        issued.cert_chain_pems[0].write_to_path(str(tmp_path / f"{name}.pem"))
    with pytest.raises(ConfigError) as error:
        publisher(1883, Metrics(), tmp_path, tls=config)
    assert message.format(folder=tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


def test_without_an_authority_of_ours_the_system_s_are_trusted(tmp_path: Path) -> None:
    assert make_context(TlsConfig(), tmp_path).check_hostname
    check_mqtt(MqttConfig(), tmp_path)
