"""Brokers in all states, and those who listen to them."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.config import MqttConfig
from edge.metrics import Metrics
from edge.mqtt.publisher import MqttPublisher
from tests.support.servers import start_mosquitto
from tests.support.system import Process, eventually, free_port

PERSISTENT = (
    "user root\nlistener {{port}} 127.0.0.1\nallow_anonymous true\npersistence true\n"
    "persistence_location {folder}/\nqueue_qos0_messages true\nmax_queued_messages 0\n"
)
"""A broker that remembers sessions over a restart."""


def publisher(
    port: int,
    metrics: Metrics,
    folder: Path = Path(),
    host: str = "127.0.0.1",
    node: str = "box",
    **config: Any,
) -> MqttPublisher:
    """Return a publisher to a broker on loopback; not started."""
    settings = MqttConfig.model_validate({"broker": host, "port": port} | config)
    return MqttPublisher(settings, node, metrics, folder)


def metric(metrics: Metrics, name: str, **labels: str) -> float | None:
    """Return the value of one sample."""
    return metrics.registry.get_sample_value(f"edge_fer_mqtt_{name}", labels)


def dropped(metrics: Metrics, reason: str) -> float | None:
    """Return how many messages are counted as lost for a reason."""
    return metric(metrics, "dropped_total", reason=reason)


class FiveSubscriber:
    """Collects every message below a topic with its MQTT 5 properties."""

    def __init__(self, port: int, topic: str = "edge-fer/#") -> None:
        self.messages: list[paho.MQTTMessage] = []
        self._ready = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = lambda _, __, message: self.messages.append(message)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._ready.wait(10)

    def publish(self, topic: str) -> None:
        """Send an empty message."""
        self._client.publish(topic, qos=1).wait_for_publish(10)

    def newest(self, ending: str) -> paho.MQTTMessage | None:
        """Return the last message of the topics that end so."""
        found = [each for each in list(self.messages) if each.topic.endswith(ending)]
        return found[-1] if found else None

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()


class NumberSubscriber:
    """Keeps a session over every end of the broker, and the numbers of one camera's events.

    It asks for QoS 0, kept by the broker while it is away, so that it never has to answer: one
    that fails to acknowledge to a killed broker forgets what it had not read yet.
    """

    def __init__(self, port: int, topic: str = "edge-fer/box/door/event") -> None:
        self.numbers: list[int] = []
        self.connected = threading.Event()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="reader", clean_session=False
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=0)
        self._client.on_subscribe = lambda *_: self.connected.set()
        self._client.on_disconnect = lambda *_: self.connected.clear()
        self._client.on_message = lambda _, __, message: self.numbers.append(
            int(message.payload.split()[0])
        )
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self.connected.wait(10)

    @property
    def fresh(self) -> list[int]:
        """The numbers as they first came: duplicates are allowed."""
        return list(dict.fromkeys(list(self.numbers)))

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()


class MortalBroker:
    """mosquitto with sessions on disk, which survive its end."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._config = PERSISTENT.format(folder=folder)
        self.start()

    def start(self) -> None:
        """Start it, for the first time or again."""
        self.process: Process = start_mosquitto(self._folder, self.port, self._config)

    def save(self) -> None:
        """Have it write the sessions to disk."""
        self.process.popen.send_signal(10)
        eventually((self._folder / "mosquitto.db").exists, what="the broker's sessions on disk")

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()


class OldBroker:
    """A broker of before MQTT 5, in front of a real one.

    Parameters
    ----------
    port
        Of the real one.
    refuses
        Whether it says why it will not have MQTT 5, or hangs up.
    """

    def __init__(self, port: int, refuses: bool) -> None:
        self._target = port
        self._refuses = refuses
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.levels: list[int] = []
        """The protocol levels that were asked for."""
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            first = client.recv(4096)
            # "MQTT" and then the level: 4 is 3.1.1, and 5 is 5.
            level = first[first.index(b"MQTT") + 4] if b"MQTT" in first else 0
            self.levels.append(level)
            if level != 4:
                if self._refuses:
                    client.sendall(b"\x20\x02\x00\x01")
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._target))
            server.sendall(first)
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


Answer = Literal["acknowledge", "hang up", "ignore"]

ACCEPTED_3 = b"\x20\x02\x00\x00"


def accepted_5(properties: bytes = b"") -> bytes:
    """Return a CONNACK of MQTT 5 with properties."""
    return bytes([0x20, 3 + len(properties), 0, 0, len(properties)]) + properties


class OddBroker:
    """A broker that behaves as no real one can be told to.

    Parameters
    ----------
    answer
        What it does with a message, by its topic.
    connack
        What it says to everybody who comes; it is of 3.1.1 or 5.
    and_then
        What it sends at once after that.
    """

    def __init__(
        self,
        answer: Callable[[str], Answer] = lambda _: "acknowledge",
        connack: bytes = ACCEPTED_3,
        and_then: bytes = b"",
    ) -> None:
        self.answer = answer
        self.frozen = False
        """Whether it answers nothing any more."""
        self.leaves_subscribers = False
        """Whether it hangs up once it has granted a subscription."""
        self.taken: list[tuple[int, str, bytes]] = []
        """What it acknowledged: connection, topic and payload."""
        self.connections = 0
        self._greeting = connack + and_then
        self._five = connack[1] > 2
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self.connections += 1
        number = self.connections
        with suppress(OSError, EOFError), client, client.makefile("rb") as stream:
            while True:
                kind, body = _packet(stream.read)
                if self.frozen:
                    continue
                if kind >> 4 == 1:
                    client.sendall(self._greeting)
                elif kind >> 4 == 3:
                    if not self._publish(number, client, kind, body):
                        return
                elif kind >> 4 == 8:
                    client.sendall(b"\x90\x03" + body[:2] + b"\x01")
                    if self.leaves_subscribers:
                        return
                elif kind >> 4 == 12:
                    client.sendall(b"\xd0\x00")

    def _publish(self, number: int, client: socket.socket, kind: int, body: bytes) -> bool:
        length = 2 + struct.unpack(">H", body[:2])[0]
        topic, rest = body[2:length].decode(), body[length:]
        answer = self.answer(topic)
        if answer == "acknowledge":
            self.taken.append((number, topic, rest[2:] if kind & 6 else rest))
            if kind & 6:
                client.sendall(b"\x40\x02" + rest[:2])
        return answer != "hang up"


def _packet(read: Callable[[int], bytes]) -> tuple[int, bytes]:
    """Read one packet: its first byte, and what follows its length."""
    head = read(1)
    length = shift = 0
    while True:
        part = read(1)
        if not head or not part:
            raise EOFError
        length |= (part[0] & 127) << shift
        shift += 7
        if part[0] < 128:
            return head[0], read(length)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        end.close()
