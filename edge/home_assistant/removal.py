"""Takes back what a node has announced to Home Assistant, by a client of its own.

A retained message is deleted by an empty one (MQTT 3.1.1, 3.3.1.3); Home Assistant then removes
the device and its entities (``components/mqtt/discovery.py``).
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from edge.config import Config
from edge.errors import EdgeFerError
from edge.home_assistant.discovery import ORIGIN, is_of_node
from edge.mqtt.visit import ANSWER_SECONDS, Visit

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


class _Broker(Visit):
    """Reads and deletes what the broker keeps."""

    def __init__(self, config: Config) -> None:
        super().__init__(config, "discovery", five=config.mqtt.version == "5")
        self._granted: ReasonCode | None = None
        self._heard = 0.0
        self._retained: dict[str, bytes] = {}
        self._deleted: set[str] = set()
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = self._on_message

    def retained(self, topics: str) -> dict[str, bytes]:
        """Return what the broker keeps for a topic filter."""
        deadline = time.monotonic() + ANSWER_SECONDS
        self.client.subscribe(topics, qos=1)
        self.wait(lambda: self._granted is not None, deadline)
        if self._granted is None:
            raise EdgeFerError(f"{self.name} does not answer")
        if self._granted.is_failure:
            raise EdgeFerError(f"{self.name} does not let {self.user} read {topics}")
        while (now := time.monotonic()) < (quiet := self._heard + _QUIET_SECONDS):
            if now > deadline:
                raise EdgeFerError(f"{self.name} sends retained messages without an end")
            self.wait(lambda: False, min(quiet, deadline))
        with self.changed:
            return dict(self._retained)

    def delete(self, topics: list[str]) -> None:
        """Delete retained messages, and see that they are gone: what was sent comes back."""
        for topic in topics:
            self.client.publish(topic, b"", 1, retain=True)
        self.wait(lambda: self._deleted.issuperset(topics), time.monotonic() + ANSWER_SECONDS)
        left = sorted(set(topics) - self._deleted)
        if left:
            raise EdgeFerError(
                f"{self.name} did not delete {len(left)} of {len(topics)} announcements: "
                f"may {self.user} write {visible(left[0])}?"
            )

    def _on_subscribe(
        self, _client: object, _data: object, _mid: int, granted: list[ReasonCode], _props: object
    ) -> None:
        with self.changed:
            self._granted = granted[0]
            self._heard = time.monotonic()
            self.changed.notify_all()

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        with self.changed:
            if message.retain:
                self._heard = time.monotonic()
                if len(message.payload) <= _PAYLOAD:
                    self._retained[topic] = bytes(message.payload)
            elif not message.payload:
                self._deleted.add(topic)
            self.changed.notify_all()


@contextmanager
def _connected(config: Config) -> Iterator[_Broker]:
    broker = _Broker(config)
    try:
        broker.open()
        yield broker
    finally:
        broker.close()
