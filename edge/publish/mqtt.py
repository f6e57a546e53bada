"""The MQTT client: connects for ever, and queues what must not be lost."""

import logging
import threading
import time
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.config import MqttConfig
from edge.metrics import Metrics

log = logging.getLogger(__name__)

_QUEUE: Final = 1000
"""Events kept while the broker is away; more are counted as dropped."""

_CONNECT_SECONDS: Final = 2.0


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
        self._refused: str | None = None
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"edge-fer-{node}")
        self._client.max_queued_messages_set(_QUEUE)
        self._client.connect_timeout = _CONNECT_SECONDS
        self._client.reconnect_delay_set(min_delay=1, max_delay=30)
        self._client.will_set(f"{self._base}/status", b"offline", qos=1, retain=True)
        if config.username is not None:
            password = config.password.get_secret_value() if config.password else None
            self._client.username_pw_set(config.username, password)
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
        self._retain("status", b"online")
        self._client.connect_async(*self._address, keepalive=30)
        self._thread.start()

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        """Send `payload` to ``<prefix>/<node>/<topic>``, or queue it while the broker is away.

        Of a retained topic the newest payload is kept; other payloads of QoS 0 are dropped and
        counted while the broker is away, those of QoS 1 when the queue is full.
        """
        if retain:
            self._retain(topic, payload)
        if not self.connected and (retain or qos == 0):
            if not retain:
                self._metrics.mqtt_dropped.inc()
            return
        self._send(topic, payload, qos, retain)

    def stop(self, deadline: float) -> None:
        """Send what is queued and the farewell, and disconnect, by the monotonic `deadline`."""
        if self.connected:
            farewells = [topic for topic in self._retained if topic.endswith("status")]
            sent = [self._send(topic, b"offline", 1, True) for topic in farewells]
            for message in sent:
                try:
                    message.wait_for_publish(max(0.0, deadline - 0.3 - time.monotonic()))
                except (RuntimeError, ValueError):
                    break
        self._client.disconnect()
        self._thread.join(max(0.0, deadline - time.monotonic()))

    def _retain(self, topic: str, payload: bytes) -> None:
        with self._lock:
            self._retained[topic] = payload

    def _send(self, topic: str, payload: bytes, qos: int, retain: bool) -> paho.MQTTMessageInfo:
        message = self._client.publish(f"{self._base}/{topic}", payload, qos, retain)
        if message.rc == paho.MQTT_ERR_QUEUE_SIZE:
            self._metrics.mqtt_dropped.inc()
        else:
            self._metrics.mqtt_messages.inc()
        return message

    def _loop(self) -> None:
        self._client.loop_forever(timeout=0.5, retry_first_connection=True)

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
            self._complain(f"broker {where} refuses the connection: {reason}")
            return
        self._refused = None
        self._metrics.mqtt_connected.set(1)
        log.info("connected to the broker %s", where)
        with self._lock:
            retained = dict(self._retained)
        for topic, payload in retained.items():
            self._send(topic, payload, 1, True)

    def _disconnected(
        self,
        client: paho.Client,
        userdata: Any,
        flags: paho.DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._metrics.mqtt_connected.set(0)
        if reason.is_failure and self._refused is None:
            self._complain("lost the broker {}:{}".format(*self._address) + f": {reason}")

    def _failed(self, client: paho.Client, userdata: Any) -> None:
        self._complain("no broker answers at {}:{}".format(*self._address))

    def _complain(self, what: str) -> None:
        """Say what is wrong once, not at every attempt."""
        if what != self._refused:
            self._refused = what
            log.warning("%s; trying again until it works", what)
