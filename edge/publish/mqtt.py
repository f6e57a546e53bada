"""The MQTT client: connects for ever, and queues what must not be lost."""

import logging
import math
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.config import MqttConfig
from edge.metrics import Metrics

log = logging.getLogger(__name__)

_QUEUE: Final = 1000
"""Events that wait for the broker at most; more are dropped and counted."""

_CONNECT_SECONDS: Final = 2.0
_KEEPALIVE_SECONDS: Final = 10
"""A frozen broker is noticed after twice this."""

_GOODBYE_SECONDS: Final = 0.3
_REPEAT_SECONDS: Final = 60.0
_OUTAGE_SECONDS: Final = 3.0
"""A shorter one, as when two boxes of one name push each other out, is not told each time."""


class MqttPublisher:
    """Publishes below ``<prefix>/<node>``; every method may be called from any thread.

    The node's ``status`` is retained ``online`` while connected and ``offline`` otherwise, by last
    will when the box dies. Retained messages are sent again on every connect, so that a broker
    which lost its memory tells the truth again.

    Parameters
    ----------
    config
        Broker, credentials and prefix.
    node
        The box's name; two boxes on one broker need two names.
    host
        Where the broker is.
    metrics
        Counts messages and drops.
    """

    def __init__(self, config: MqttConfig, node: str, host: str, metrics: Metrics) -> None:
        self._base = f"{config.prefix}/{node}"
        self._address = (host, config.port)
        self._metrics = metrics
        self._retained: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._events: deque[paho.MQTTMessageInfo] = deque()
        self._said: dict[str, float] = {}
        self._down_since = -math.inf
        self.error: Exception | None = None
        """What ended the client's thread, which should only end by `stop`."""
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"edge-fer-{node}")
        # No limit of paho's: it would refuse the farewell too. Events have their own, here.
        self._client.max_queued_messages_set(0)
        self._client.connect_timeout = _CONNECT_SECONDS
        self._client.reconnect_delay_set(min_delay=1, max_delay=8)
        self._client.will_set(f"{self._base}/status", b"offline", qos=1, retain=True)
        if config.username is not None:
            password = config.password.get_secret_value() if config.password else None
            self._client.username_pw_set(config.username, password)
        # paho would write from the publishing thread too, and two threads that each write a part
        # of a packet garble the stream. With this callback only its own thread writes.
        self._client.on_socket_register_write = lambda *_: None
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_connect_fail = self._failed
        self._thread = threading.Thread(target=self._loop, name="mqtt", daemon=True)

    @property
    def connected(self) -> bool:
        """Whether the broker accepts our messages."""
        return bool(self._client.is_connected())

    def start(self) -> None:
        """Begin connecting; returns at once, also without a broker."""
        self.publish_retained("status", b"online")
        self._client.connect_async(*self._address, keepalive=_KEEPALIVE_SECONDS)
        self._thread.start()

    def publish(self, topic: str, payload: bytes) -> None:
        """Send to ``<prefix>/<node>/<topic>`` with QoS 0; dropped and counted without a broker."""
        if self.connected:
            self._send(topic, payload, 0, retain=False)
        else:
            self._metrics.mqtt_dropped.inc()

    def publish_event(self, topic: str, payload: bytes) -> None:
        """Send with QoS 1, or keep until the broker is back.

        When `_QUEUE` events wait already, the new one is dropped and counted.
        """
        with self._lock:
            while self._events and self._events[0].is_published():
                self._events.popleft()
            if len(self._events) >= _QUEUE:
                self._metrics.mqtt_dropped.inc()
                return
            self._events.append(self._send(topic, payload, 1, retain=False))

    def publish_retained(self, topic: str, payload: bytes) -> None:
        """Make `payload` the present truth of a topic, now and on every connect."""
        with self._lock:
            self._retained[topic] = payload
            if self.connected:
                self._send(topic, payload, 0, retain=True)

    def stop(self, deadline: float) -> None:
        """Send what is queued and the farewell, and disconnect, by the monotonic `deadline`."""
        with self._lock:
            farewells = [topic for topic in self._retained if topic.endswith("status")]
            self._retained.update(dict.fromkeys(farewells, b"offline"))
            waiting = list(self._events)
            if self.connected:
                waiting += [self._send(topic, b"offline", 1, retain=True) for topic in farewells]
        for message in waiting if self.connected else ():
            with suppress(RuntimeError):  # the connection went just now
                message.wait_for_publish(max(0.0, deadline - _GOODBYE_SECONDS - time.monotonic()))
        with self._lock:
            lost = sum(not message.is_published() for message in self._events)
        if lost:
            self._metrics.mqtt_dropped.inc(lost)
            log.warning("%d events could not be sent before the end", lost)
        self._client.disconnect()
        self._thread.join(max(0.0, deadline - time.monotonic()))

    def _send(self, topic: str, payload: bytes, qos: int, retain: bool) -> paho.MQTTMessageInfo:
        self._metrics.mqtt_messages.inc()
        message = self._client.publish(f"{self._base}/{topic}", payload, qos, retain)
        if qos > 0 and message.rc == paho.MQTT_ERR_NO_CONN:
            # It is queued all the same; with this code paho would never tell that it was sent.
            message.rc = paho.MQTT_ERR_SUCCESS
        return message

    def _loop(self) -> None:
        try:
            self._client.loop_forever(timeout=0.5, retry_first_connection=True)
        except Exception as error:  # noqa: BLE001 - the daemon must learn of this thread's death
            self.error = error

    def _connected(
        self,
        client: paho.Client,
        userdata: Any,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        where = "{}:{}".format(*self._address)
        if reason.is_failure:
            self._say(logging.WARNING, f"broker {where} refuses the connection: {reason}")
            return
        self._metrics.mqtt_connected.set(1)
        if time.monotonic() - self._down_since > _OUTAGE_SECONDS:
            self._said.clear()
        self._say(logging.INFO, f"connected to the broker {where}")
        with self._lock:
            for topic, payload in self._retained.items():
                self._send(topic, payload, 0, retain=True)

    def _disconnected(
        self,
        client: paho.Client,
        userdata: Any,
        flags: paho.DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._metrics.mqtt_connected.set(0)
        self._down_since = time.monotonic()
        if reason.is_failure:
            where = "{}:{}".format(*self._address)
            self._say(logging.WARNING, f"lost the broker {where}: {reason}; trying until it works")

    def _failed(self, client: paho.Client, userdata: Any) -> None:
        where = "{}:{}".format(*self._address)
        self._say(logging.WARNING, f"no broker answers at {where}; trying until one does")

    def _say(self, level: int, what: str) -> None:
        """Log what happened, but the same thing at most once a minute."""
        now = time.monotonic()
        if now - self._said.get(what, -math.inf) > _REPEAT_SECONDS:
            self._said[what] = now
            log.log(level, what)
