"""Home Assistant's discovery: the payloads, a real broker, and ``edge-fer discovery``."""

import getpass
import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.publish as paho
import pytest
import yaml

from edge.config import Config
from edge.emotions import LABELS
from edge.home_assistant.discovery import Discovery, announcements, is_of_node, object_id
from edge.metrics import Metrics
from edge.mqtt.publisher import MqttPublisher
from edge.publish.messages import ConnectionMessage, ControlMessage, StateMessage
from tests.support.daemon import run_cli
from tests.support.home_assistant import available, faults, rendered
from tests.support.mqtt import OddBroker
from tests.support.servers import Subscriber, start_mosquitto
from tests.support.system import Process, eventually, free_port, program

Subscribe = Callable[[int], Subscriber]
NOW = datetime(2026, 11, 21, tzinfo=UTC)
CAMERAS: dict[str, Any] = {
    "door": {"source": "demo", "publish": {"snapshot_seconds": 10}},
    "hall_2": {
        "source": "demo", "publish": {"snapshot_seconds": 10}, "privacy": {"mode": "anonymous"},
    },
    "Shop-A": {"source": "demo", "privacy": {"mode": "aggregate"}},
}  # fmt: skip


def configuration(node: str = "box-1", **mqtt: Any) -> dict[str, Any]:
    mqtt = {"broker": "127.0.0.1", "discovery": "homeassistant", **mqtt}
    return {"node": node, "mqtt": mqtt, "cameras": CAMERAS}


def entities(camera: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return a camera's payload, and its entities without those that it takes away."""
    config = Config.model_validate(configuration())
    payload = announcements(config, "homeassistant")[
        f"homeassistant/device/{object_id('box-1', camera)}/config"
    ]
    components = payload["components"].items()
    return payload, {key: entity for key, entity in components if len(entity) > 1}


@pytest.mark.parametrize("prefix", ["homeassistant", "home/ha"])
def test_home_assistant_takes_every_payload(prefix: str) -> None:
    config = Config.model_validate(configuration(prefix="site/edge.fer"))
    messages = announcements(config, prefix)
    assert len(messages) == 3
    for topic, payload in messages.items():
        assert faults(prefix, topic, json.dumps(payload).encode()) == []
        assert payload["device"]["name"].startswith("box-1 ")
        for entity in payload["components"].values():
            # Home Assistant puts the device's name in front of it.
            assert "box-1" not in entity.get("name", "")


def test_the_validator_finds_what_is_wrong() -> None:
    payload, _ = entities("door")
    emotion = payload["components"]["emotion"]
    wrong: list[tuple[dict[str, Any], str, Any, str]] = [
        (payload["device"], "identifiers", [], "neither identifiers nor connections"),
        (payload["origin"], "name", "", "the origin has no name"),
        (payload, "colour", "red", "unknown key: colour"),
        (payload, "availability_mode", "some", "unknown availability_mode"),
        (emotion, "unit_of_measurement", "%", "does not go with enum"),
        (emotion, "options", [], "an enum has no options"),
        (emotion, "state_class", "measurement", "does not go with enum"),
        (emotion, "unique_id", "", "unique_id is missing"),
        (emotion, "entity_category", "config", "cannot be config"),
        (emotion, "state_topic", "a/#", "is no topic"),
        (emotion, "platform", "feeling", "no platform feeling"),
    ]
    topic = "homeassistant/device/x/config"
    for holder, key, value, says in wrong:
        before = holder.copy()
        holder[key] = value
        assert any(says in fault for fault in faults("homeassistant", topic, _bytes(payload))), says
        holder.clear()
        holder.update(before)
    assert faults("homeassistant", topic, _bytes(payload)) == []
    assert faults("homeassistant", "homeassistant/device/a b/config", _bytes(payload)) != []


def _bytes(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload).encode()


def test_what_a_camera_does_not_tell_is_taken_away() -> None:
    everything = set(entities("door")[1])
    assert everything - set(entities("hall_2")[1]) == {"snapshot"}
    gone = {"snapshot", "emotion", "confidence", "face"}
    payload, left = entities("Shop-A")
    assert everything - set(left) == gone
    assert "faces" in left
    for key in gone:
        assert payload["components"][key] == {"platform": entities("door")[1][key]["platform"]}


def test_ids_of_different_cameras_differ() -> None:
    names = [("a", "b"), ("a_b", "c"), ("a", "b_c"), ("a_", "b"), ("a__b", "c"), ("a-b", "c")]
    assert len({object_id(*name) for name in names}) == len(names)
    for node, camera in names:
        owners = {other for other, _ in names if is_of_node(object_id(node, camera), other)}
        assert owners == {node}


def connection(**more: Any) -> bytes:
    values = {
        "status": "online", "since": NOW, "fps": 12.5, "last_frame_age": 0.1, "quality": "good",
        "online": 0.9987, "reconnects": 2, "stalls": 1, "offline_seconds": 61.2,
    }  # fmt: skip
    head: dict[str, Any] = {"node": "box-1", "camera": "door", "time": NOW}
    return ConnectionMessage.model_validate({**head, **values, **more}).json_bytes()


def state(**values: Any) -> bytes:
    head: dict[str, Any] = {"node": "box-1", "camera": "door", "time": NOW}
    missing = dict.fromkeys(StateMessage.model_fields.keys() - head.keys() - {"schema_version"})
    return StateMessage.model_validate({**head, **missing, **values}).json_bytes()


def control(paused: bool, detector: bool) -> bytes:
    return ControlMessage(
        node="box-1", camera="door", time=NOW, paused=paused, detector=detector
    ).json_bytes()


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (state(faces=2, emotion="happy", confidence=0.9446), ("happy", "94.5", "2")),
        (state(faces=1, emotion="uncertain", confidence=0.0), ("uncertain", "0.0", "1")),
        (state(faces=0), ("None", "None", "0")),
        (state(), ("None", "None", "None")),
    ],
)
def test_readings_as_home_assistant_shows_them(message: bytes, shown: tuple[str, ...]) -> None:
    _, found = entities("door")
    for key, value in zip(("emotion", "confidence", "faces"), shown, strict=True):
        assert rendered(found[key]["value_template"], message) == value
    assert found["emotion"]["options"] == list(LABELS)
    assert shown[0] in {*LABELS, "None"}


def test_diagnostics_as_home_assistant_shows_them() -> None:
    _, found = entities("door")
    shown = {
        "fps": "12.5", "quality": "good", "online": "99.9", "reconnects": "2", "stalls": "1",
        "offline_seconds": "61.2",
    }  # fmt: skip
    for key, value in shown.items():
        assert found[key]["state_topic"] == "edge-fer/box-1/door/connection"
        assert rendered(found[key]["value_template"], connection()) == value
        assert found[key]["entity_category"] == "diagnostic"
    statuses = ConnectionMessage.model_json_schema()["properties"]["status"]["enum"]
    assert found["status"]["options"] == statuses
    qualities = ConnectionMessage.model_json_schema()["properties"]["quality"]["enum"]
    assert found["quality"]["options"] == qualities


def test_switches_stand_as_the_camera_says() -> None:
    _, found = entities("door")
    for paused, detector in ((True, False), (False, True)):
        message = control(paused, detector)
        for key, on in (("pause", paused), ("detector", detector)):
            switch = found[key]
            expected = switch["payload_on" if on else "payload_off"]
            assert rendered(switch["value_template"], message) == expected
            assert switch["command_topic"] == "edge-fer/box-1/door/set"
    assert (found["pause"]["payload_on"], found["pause"]["payload_off"]) == ("pause", "resume")
    assert found["detector"]["payload_on"] == "detector on"
    assert found["detector"]["payload_off"] == "detector off"


def test_an_event_as_home_assistant_takes_it() -> None:
    _, found = entities("door")
    face = {"label": "sad", "confidence": 0.7, "track": 3}
    message = {"event": "changed", "face": face, "previous": "happy", "duration": 4.2}
    event = json.loads(rendered(found["face"]["value_template"], json.dumps(message).encode()))
    assert event.pop("event_type") in found["face"]["event_types"]
    assert event == {"emotion": "sad", "confidence": 0.7, "previous": "happy", "duration": 4.2}


@pytest.mark.parametrize(
    ("node", "camera", "readings", "diagnostics"),
    [
        ("online", "online", True, True),
        ("online", "stalled", False, True),
        ("online", "ended", False, True),
        ("offline", "online", False, False),
    ],
)
def test_what_is_available_when(node: str, camera: str, readings: bool, diagnostics: bool) -> None:
    payload, found = entities("door")
    messages = {
        "edge-fer/box-1/status": node.encode(),
        "edge-fer/box-1/door/status": camera.encode(),
    }
    for key in ("emotion", "confidence", "faces", "face", "snapshot"):
        assert available(payload, found[key], messages) == readings
    for key in ("status", "fps", "quality", "online", "reconnects", "pause", "detector"):
        assert available(payload, found[key], messages) == diagnostics


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    process = start_mosquitto(tmp_path, port)
    yield port
    process.kill()


def _publisher(port: int, node: str = "box-1") -> tuple[Config, MqttPublisher]:
    config = Config.model_validate(configuration(node, port=port))
    return config, MqttPublisher(config.mqtt, config.node, Metrics())


def _retained(port: int) -> dict[str, bytes]:
    """Return what a Home Assistant that comes now is told."""
    late = Subscriber(port, "homeassistant/#")
    # Brokers send what they retain first.
    late.publish("homeassistant/end", "")
    eventually(lambda: late.payloads("homeassistant/end"))
    late.close()
    return {topic: payload for topic, payload, retain in late.messages if retain}


def test_announcements_are_retained_and_sent_again_when_home_assistant_starts(
    broker: int,
) -> None:
    config, mqtt = _publisher(broker)
    now = 0.0
    Discovery(config, clock=lambda: now).start(mqtt)
    mqtt.start()
    try:
        eventually(lambda: len(_retained(broker)) == 3, what="announcing")
        for topic, payload in _retained(broker).items():
            assert faults("homeassistant", topic, payload) == []
        home_assistant = Subscriber(broker, "homeassistant/device/#")
        eventually(lambda: len(home_assistant.messages) == 3)
        paho.single("homeassistant/status", "offline", port=broker)
        for _ in range(5):  # somebody who wants to keep us busy
            paho.single("homeassistant/status", "online", port=broker)
        eventually(lambda: len(home_assistant.messages) == 6, what="announcing again")
        now += 10
        paho.single("homeassistant/status", "online", port=broker)
        eventually(lambda: len(home_assistant.messages) >= 9, what="announcing once more")
        assert len(home_assistant.messages) == 9
        assert {retain for _, _, retain in home_assistant.messages[3:]} == {False}
        home_assistant.close()
    finally:
        mqtt.stop(time.monotonic() + 2)


def test_nothing_is_announced_without_discovery(broker: int) -> None:
    config = Config.model_validate(configuration(port=broker, discovery=None))
    mqtt = MqttPublisher(config.mqtt, config.node, Metrics())
    Discovery(config).start(mqtt)
    mqtt.start()
    try:
        eventually(lambda: mqtt.connected)
        paho.single("homeassistant/status", "online", port=broker)
        assert _retained(broker) == {}
    finally:
        mqtt.stop(time.monotonic() + 2)


def _write(folder: Path, **mqtt: Any) -> Path:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(configuration(**mqtt)))
    return path


def test_remove_takes_back_what_this_node_announced_and_nothing_else(
    broker: int, tmp_path: Path
) -> None:
    ours = {f"homeassistant/device/{object_id('box-1', name)}/config" for name in CAMERAS}
    old = f"homeassistant/device/{object_id('box-1', 'garage')}/config"
    payload = _bytes(entities("door")[0])
    kept = {
        f"homeassistant/device/{object_id('box-10', 'door')}/config": payload,
        f"homeassistant/device/{object_id('box-1_a', 'door')}/config": payload,
        f"homeassistant/device/{object_id('box-1', 'x')}/config": b'{"origin": {"name": "z2m"}}',
        f"homeassistant/device/{object_id('box-1', 'y')}/config": b"no JSON",
        "homeassistant/device/lamp/config": b'{"origin": {"name": "edge-fer"}}',
        "homeassistant/sensor/lamp/config": b"{}",
        f"homeassistant/device/{object_id('box-1', 'deep')}/config": b"[" * 100_000,
        f"homeassistant/device/{object_id('box-1', 'large')}/config": b" " * 1_100_000 + payload,
    }
    for topic, text in {**dict.fromkeys([*ours, old], payload), **kept}.items():
        paho.single(topic, text, qos=1, retain=True, port=broker)
    home_assistant = Subscriber(broker, "homeassistant/device/#")
    done = run_cli("discovery", "--remove", "--config", _write(tmp_path, port=broker))
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == ours | {old}
    assert "removed 4 cameras of box-1" in done.stderr
    assert "announces them again" in done.stderr
    assert _retained(broker) == kept

    def told() -> set[str]:
        return {topic for topic, text, _ in list(home_assistant.messages) if not text}

    eventually(lambda: len(told()) >= 4, what="Home Assistant being told")
    assert told() == ours | {old}
    home_assistant.close()
    path = _write(tmp_path, port=broker, discovery=None)
    again = run_cli("discovery", "--remove", "--config", path)
    assert (again.returncode, again.stdout) == (0, "")
    assert again.stderr == "removed 0 cameras of box-1\n"


def _fails(path: Path, code: int, says: str) -> None:
    done = run_cli("discovery", "--remove", "--config", path)
    assert done.returncode == code, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert says in line


def test_what_keeps_remove_from_it_is_one_line(tmp_path: Path) -> None:
    _fails(_write(tmp_path, port=free_port()), 1, "cannot be reached: connection refused")
    _fails(_write(tmp_path, broker="no-such-host.invalid"), 1, "its name is not known")
    embedded = _write(tmp_path, broker="embedded", port=free_port())
    _fails(embedded, 1, "the embedded broker does not run")
    lost = _write(tmp_path, tls={"ca": "none.pem"})
    _fails(lost, 2, "mqtt.tls.ca: cannot read")
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        threading.Thread(target=_hang_up, args=[deaf], daemon=True).start()
        port = deaf.getsockname()[1]
        _fails(_write(tmp_path, port=port), 1, "does not answer in MQTT: check mqtt.port")


@pytest.fixture
def busy_broker(broker: int) -> Iterator[int]:
    """A broker where somebody publishes below the discovery prefix all the time."""
    done = threading.Event()

    def publish() -> None:
        topic = "homeassistant/device/lamp/config"
        while not done.wait(0.01):
            paho.single(topic, b"{}", port=broker)

    thread = threading.Thread(target=publish)
    thread.start()
    yield broker
    done.set()
    thread.join()


def test_remove_ends_also_when_somebody_never_does(busy_broker: int, tmp_path: Path) -> None:
    done = run_cli("discovery", "--remove", "--config", _write(tmp_path, port=busy_broker))
    assert done.returncode == 0, done.stderr


def _publication(topic: bytes, payload: bytes) -> bytes:
    """Return a PUBLISH of what a broker has retained."""
    body = len(topic).to_bytes(2, "big") + topic + payload
    low, high = len(body) & 127, len(body) >> 7
    return b"\x31" + (bytes([low | 128, high]) if high else bytes([low])) + body


def test_a_broker_that_leaves_us_has_not_been_asked(tmp_path: Path) -> None:
    server = OddBroker()
    server.leaves_subscribers = True
    _fails(_write(tmp_path, port=server.port), 1, "ended the connection")
    server.close()


def test_topics_that_are_no_text_harm_nothing(tmp_path: Path) -> None:
    server = OddBroker(and_then=_publication(b"homeassistant/device/\xff/config", b"{}"))
    done = run_cli("discovery", "--remove", "--config", _write(tmp_path, port=server.port))
    assert (done.returncode, done.stderr.splitlines()[0]) == (0, "removed 0 cameras of box-1")
    server.close()


def test_topics_are_shown_without_what_a_terminal_obeys(tmp_path: Path) -> None:
    topic = b"homeassistant/device/edge-fer_box-1_\x1b[2J/config"
    server = OddBroker(and_then=_publication(topic, b'{"origin": {"name": "edge-fer"}}'))
    path = _write(tmp_path, port=server.port)
    _fails(path, 1, r"did not delete 1 of 1 announcements: may edge-fer write homeassistant/device")
    done = run_cli("discovery", "--remove", "--config", path)
    assert r"edge-fer_box-1_\x1b[2J/config" in done.stderr
    server.close()


def _hang_up(server: socket.socket) -> None:
    server.accept()[0].close()


@pytest.fixture
def strict_broker(tmp_path: Path) -> Iterator[int]:
    """A broker where box may read all and write nothing, and nobody else comes in."""
    port = free_port()
    passwords = tmp_path / "passwords"
    passwords.write_text("box:secret\nadmin:secret\n")
    subprocess.run([program("mosquitto_passwd"), "-U", str(passwords)], check=True)
    (tmp_path / "acl").write_text("user box\ntopic read #\nuser admin\ntopic readwrite #\n")
    process: Process = start_mosquitto(
        tmp_path,
        port,
        f"listener {{port}} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
        f"acl_file {tmp_path}/acl\npersistence false\nuser {getpass.getuser()}\n",
    )
    yield port
    process.kill()


def test_a_broker_that_refuses_is_one_line(strict_broker: int, tmp_path: Path) -> None:
    _fails(_write(tmp_path, port=strict_broker), 1, "refuses the connection")
    box = {"port": strict_broker, "username": "box", "password": "secret"}
    _fails(_write(tmp_path, **(box | {"password": "wrong"})), 1, "refuses the connection")
    admin = {"username": "admin", "password": "secret"}
    topic = f"homeassistant/device/{object_id('box-1', 'door')}/config"
    payload = _bytes(entities("door")[0])
    paho.single(topic, payload, 1, True, port=strict_broker, auth=admin)  # type: ignore[arg-type]
    _fails(_write(tmp_path, **box), 1, "did not delete 1 of 1 announcements: may the user box")
    path = _write(tmp_path, port=strict_broker, version="5", **admin)
    done = run_cli("discovery", "--remove", "--config", path)
    assert (done.returncode, done.stdout) == (0, f"{topic}\n")


def test_the_command_lists_entities_and_payloads(tmp_path: Path) -> None:
    path = _write(tmp_path)
    done = run_cli("discovery", "--config", path)
    assert done.returncode == 0, done.stderr
    assert "discovery is on, below homeassistant/ on 127.0.0.1" in done.stderr
    assert "box-1 door: homeassistant/device/edge-fer_box-1_door/config" in done.stdout
    (emotion, *_) = (line for line in done.stdout.splitlines() if line.startswith("  Emotion"))
    assert emotion.split()[:4] == ["Emotion", "sensor", "edge-fer/box-1/door/state", "enum"]
    assert "edge-fer/box-1/Shop-A/snapshot" not in done.stdout
    printed = json.loads(run_cli("discovery", "--json", "--config", path).stdout)
    assert printed == announcements(Config.model_validate(configuration()), "homeassistant")
    path = _write(tmp_path, discovery=None, broker="embedded")
    done = run_cli("discovery", "--config", path, "--prefix", "ha")
    assert "discovery is off" in done.stderr
    assert " ha/device/edge-fer_box-1_door/config" in done.stdout
    assert run_cli("discovery", "--json", "--remove", "--config", path).returncode == 2
    done = run_cli("discovery", "--remove", "--config", path, "--prefix", "ha/#")
    assert (done.returncode, done.stderr) == (2, "error: --prefix ha/# cannot begin a topic\n")
