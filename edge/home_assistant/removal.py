"""Takes back what a node has announced to Home Assistant, by a client of its own.

A retained message is deleted by an empty one (MQTT 3.1.1, 3.3.1.3); Home Assistant then removes
the device and its entities (``components/mqtt/discovery.py``).
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from edge.config import Config
from edge.errors import EdgeFerError
from edge.home_assistant.discovery import ORIGIN, is_of_node
from edge.mqtt import reasons
from edge.mqtt.tls import make_context

_CONNECT_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 10.0

_PAYLOAD: Final = 1_000_000
"""Ours are far smaller."""

_QUIET_SECONDS: Final = 1.0
"""Without a retained message for this long all have come: brokers send them at once."""


def remove_announcements(config: Config, prefix: str) -> list[str]:
    """Delete every announcement of this node on its broker, also of cameras it no longer has.

    Parameters
    ----------
    config
        Says which broker, and which node.
    prefix
        Home Assistant's discovery prefix.

    Returns
    -------
    list of str
        The topics that held one.

    Raises
    ------
    EdgeFerError
        If the broker does not answer, refuses, or does not delete.
    """
    with _connected(config) as broker:
        topics = sorted(
            topic
            for topic, payload in broker.retained(f"{prefix}/device/+/config").items()
            if is_of_node(topic.split("/")[-2], config.node) and _is_ours(payload)
        )
        broker.delete(topics)
    return topics


def _is_ours(payload: bytes) -> bool:
    try:
        return bool(json.loads(payload)["origin"]["name"] == ORIGIN)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def visible(topic: str) -> str:
    """Return a topic, which anybody may have chosen, without what a terminal would obey."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in topic
    )


class _Broker:
    """A connection for one question and its answer, and not for ever."""

    def __init__(self, config: Config) -> None:
        mqtt = config.mqtt
        self._address = (mqtt.host, mqtt.port)
        self._name = f"the broker {mqtt.host}:{mqtt.port}"
        self._embedded = mqtt.embedded
        self._user = "edge-fer" if mqtt.username is None else f"the user {mqtt.username}"
        self._changed = threading.Condition()
        self._answer: ReasonCode | None = None
        self._lost = False
        self._granted: ReasonCode | None = None
        self._heard = 0.0
        self._retained: dict[str, bytes] = {}
        self._deleted: set[str] = set()
        five = mqtt.version == "5"
        self._client = client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"edge-fer-{config.node}-discovery",  # the daemon's would push it out
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = _CONNECT_SECONDS
        if mqtt.tls is not None:
            client.tls_set_context(make_context(mqtt.tls, config.folder))
        if mqtt.username is not None:
            password = mqtt.password.get_secret_value() if mqtt.password else None
            client.username_pw_set(mqtt.username, password)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message

    def open(self) -> None:
        """Connect, and log in."""
        try:
            self._client.connect(*self._address)
        except (OSError, UnicodeError) as error:
            raise EdgeFerError(self._unreachable(error)) from None
        self._client.loop_start()
        deadline = time.monotonic() + _ANSWER_SECONDS
        self._wait(lambda: self._answer is not None or self._lost, deadline)
        if self._answer is None:
            raise EdgeFerError(
                f"{self._name} does not answer in MQTT: check mqtt.port and mqtt.tls"
            )
        if self._answer.is_failure:
            raise EdgeFerError(f"{self._name} {reasons.of_refusal(self._answer).words}")

    def _unreachable(self, error: OSError | UnicodeError) -> str:
        if self._embedded:
            return "the embedded broker does not run; it kept no announcements when it ended"
        return f"{self._name} {reasons.of_error(error).words}"

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def retained(self, topics: str) -> dict[str, bytes]:
        """Return what the broker keeps for a topic filter."""
        deadline = time.monotonic() + _ANSWER_SECONDS
        self._client.subscribe(topics, qos=1)
        self._wait(lambda: self._granted is not None, deadline)
        if self._granted is None:
            raise EdgeFerError(f"{self._name} does not answer")
        if self._granted.is_failure:
            raise EdgeFerError(f"{self._name} does not let {self._user} read {topics}")
        while (now := time.monotonic()) < (quiet := self._heard + _QUIET_SECONDS):
            if now > deadline:
                raise EdgeFerError(f"{self._name} sends retained messages without an end")
            self._wait(lambda: False, min(quiet, deadline))
        with self._changed:
            return dict(self._retained)

    def delete(self, topics: list[str]) -> None:
        """Delete retained messages, and see that they are gone: what was sent comes back."""
        for topic in topics:
            self._client.publish(topic, b"", 1, retain=True)
        self._wait(lambda: self._deleted.issuperset(topics), time.monotonic() + _ANSWER_SECONDS)
        left = sorted(set(topics) - self._deleted)
        if left:
            raise EdgeFerError(
                f"{self._name} did not delete {len(left)} of {len(topics)} announcements: "
                f"may {self._user} write {visible(left[0])}?"
            )

    def _wait(self, happened: Callable[[], bool], deadline: float) -> None:
        """Wait until something has happened, or for the monotonic time `deadline`."""
        with self._changed:
            self._changed.wait_for(
                lambda: happened() or self._lost, max(0.0, deadline - time.monotonic())
            )
            if self._lost and not happened():
                raise EdgeFerError(f"{self._name} ended the connection")

    def _on_connect(
        self, _client: object, _data: object, _flags: object, reason: ReasonCode, _props: object
    ) -> None:
        with self._changed:
            self._answer = reason
            self._changed.notify_all()

    def _on_disconnect(self, *_: object) -> None:
        with self._changed:
            self._lost = True
            self._changed.notify_all()

    def _on_subscribe(
        self, _client: object, _data: object, _mid: int, granted: list[ReasonCode], _props: object
    ) -> None:
        with self._changed:
            self._granted = granted[0]
            self._heard = time.monotonic()
            self._changed.notify_all()

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        with self._changed:
            if message.retain:
                self._heard = time.monotonic()
                if len(message.payload) <= _PAYLOAD:
                    self._retained[topic] = bytes(message.payload)
            elif not message.payload:
                self._deleted.add(topic)
            self._changed.notify_all()


@contextmanager
def _connected(config: Config) -> Iterator[_Broker]:
    broker = _Broker(config)
    try:
        broker.open()
        yield broker
    finally:
        broker.close()
