"""The section mqtt of the configuration."""

from pathlib import Path

import pytest

from edge.config import Config
from edge.config.file import load_config
from edge.errors import ConfigError


def load(folder: Path, text: str) -> Config:
    path = folder / "config.yaml"
    path.write_text(f"cameras: {{demo: {{source: demo}}}}\nmqtt:\n  {text}\n")
    return load_config(path)


@pytest.mark.parametrize(("text", "version"), [("5", "5"), ("3.1.1", "3.1.1"), ("auto", "auto")])
def test_a_version_may_look_like_a_number(tmp_path: Path, text: str, version: str) -> None:
    assert load(tmp_path, f"version: {text}").mqtt.version == version


def test_a_kind_of_topic_keeps_what_is_not_given(tmp_path: Path) -> None:
    topics = load(tmp_path, "topics: {state: {qos: 0}, faces: {retain: true}}").mqtt.topics
    assert (topics.state.qos, topics.state.retain) == (0, True)
    assert (topics.faces.qos, topics.faces.retain) == (0, True)
    assert (topics.event.qos, topics.event.retain) == (1, False)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("broker: 10.0.0.2", "10.0.0.2"),
        ("port: 1", "127.0.0.1"),
        ("{username: me, password: x, listen: 0.0.0.0}", "127.0.0.1"),
        ("{username: me, password: x, listen: 10.0.0.7}", "10.0.0.7"),
    ],
)
def test_where_we_connect_to(tmp_path: Path, text: str, host: str) -> None:
    assert load(tmp_path, text).mqtt.host == host


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 4", "mqtt.version should be auto, 5 or 3.1.1, not 4"),
        ("version: true", "mqtt.version should be"),
        ("listen: 0.0.0.0", "mqtt.listen: beyond loopback mqtt.username"),
        ("{listen: 10.0.0.7, username: me}", "mqtt.listen: beyond loopback"),
        ("{listen: 10.0.0.7, username: me, password: ''}", "mqtt.listen: beyond"),
        ("listen: everywhere", "mqtt.listen: not an IPv4 address"),
        ("tls: {}", "mqtt.tls: the embedded broker has no TLS"),
        ("{broker: b, tls: {key: k}}", "mqtt.tls: certificate and key go together"),
        ("{broker: b, tls: {crt: k}}", "unknown key mqtt.tls.crt"),
        ("outbox: {messages: 0}", "mqtt.outbox.messages should be 1 or more"),
        ("outbox: {folder: ''}", "mqtt.outbox.folder should be no empty text"),
        ("topics: {event: {qos: 2}}", "mqtt.topics.event.qos should be 0 or 1, not 2"),
        ("topics: {events: {}}", "unknown key mqtt.topics.events"),
        ("discovery: home/+", "mqtt.discovery should be letters"),
        ("{broker: b, password: x}", "mqtt.password: mqtt.username must be set as well"),
        (
            "{topics: {state: {retain: false}}, discovery: homeassistant}",
            "mqtt.discovery: needs mqtt.topics.state.retain",
        ),
        ("event_expiry_seconds: 0", "mqtt.event_expiry_seconds should be 1 or more"),
    ],
)
def test_a_fault_is_named_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
