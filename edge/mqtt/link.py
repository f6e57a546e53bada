"""The thread that connects to the broker for ever, sends what waits and hands on what comes."""

import logging
import math
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTProtocolVersion

from edge.backoff import Backoff
from edge.metrics import Metrics
from edge.mqtt import properties, reasons
from edge.mqtt.client import Limits, Node
from edge.mqtt.connection import Connection
from edge.mqtt.outbox import Outbox, Outgoing
from edge.mqtt.reasons import Failure

log = logging.getLogger(__name__)

_FIRST_WAIT_SECONDS: Final = 1.0
_LONGEST_WAIT_SECONDS: Final = 8.0
_ROUND_SECONDS: Final = 0.5
_BURST: Final = 50
"""Messages sent before we look again for what came."""

_GOODBYE_SECONDS: Final = 0.3
_REPEAT_SECONDS: Final = 60.0
_OUTAGE_SECONDS: Final = 3.0
"""A shorter one, as when two boxes of one name push each other out, is not told each time."""

_HANG_UPS: Final = 2
"""So often a broker may hang up or be silent before we try the other version of MQTT."""

_OTHER: Final = {
    MQTTProtocolVersion.MQTTv5: MQTTProtocolVersion.MQTTv311,
    MQTTProtocolVersion.MQTTv311: MQTTProtocolVersion.MQTTv5,
}
_TRYING: Final = "trying until it works"


class MqttLink:
    """Keeps the box connected, on a thread of its own.

    Parameters
    ----------
    node
        Who connects, and where to.
    outbox
        Has what is to be sent.
    metrics
        Counts messages and failures.
    """

    def __init__(self, node: Node, outbox: Outbox, metrics: Metrics) -> None:
        self.connected = False
        """Whether the broker accepts our messages."""
        self.error: Exception | None = None
        """What ended the thread, which should only end by `stop`."""
        self._node = node
        self._outbox = outbox
        self._metrics = metrics
        version = node.config.version
        old = version == "3.1.1" or (version == "auto" and node.config.embedded)
        self._protocol = MQTTProtocolVersion.MQTTv311 if old else MQTTProtocolVersion.MQTTv5
        self._sure = old or version != "auto"
        """Whether there is no other version to try."""
        self._hang_ups = 0
        self._limits = Limits()
        self._handlers: list[tuple[str, Callable[[str, bytes], None]]] = []
        self._callbacks: list[Callable[[], None]] = []
        self._said: dict[str, float] = {}
        self._down_since = -math.inf
        self._next_settle = 0.0
        self._stopping = threading.Event()
        self._deadline = math.inf
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def start(self) -> None:
        """Begin connecting; returns at once."""
        self._thread.start()

    def stop(self, deadline: float) -> None:
        """Send what waits and say goodbye, by the monotonic time `deadline`."""
        self._deadline = deadline
        self._stopping.set()
        self._wake()
        if self._thread.ident is not None:
            self._thread.join(max(0.0, deadline - time.monotonic()))

    def wake(self) -> None:
        """Have what is new in the outbox sent at once; from any thread."""
        if self.connected:
            self._wake()

    def subscribe(self, topic_filter: str, handler: Callable[[str, bytes], None]) -> None:
        """Have `handler` called with what comes, from now on; from any thread."""
        self._handlers.append((topic_filter, handler))
        self.wake()

    def on_connect(self, callback: Callable[[], None]) -> None:
        """Have `callback` called after every connect; from any thread."""
        self._callbacks.append(callback)

    def _wake(self) -> None:
        with suppress(OSError):  # full: it is being woken already
            self._wake_in.send(b"\0")

    def _run(self) -> None:
        backoff = Backoff(_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS)
        try:
            while not self._stopping.is_set():
                if self._connect():
                    backoff.reset()
                self._settle()
                self._stopping.wait(backoff.next())
        except Exception as error:  # noqa: BLE001 - the daemon must learn of this thread's death
            self.error = error
        finally:
            self.connected = False
            self._metrics.mqtt_connected.set(0)

    def _connect(self) -> bool:
        """Connect once, and stay connected for as long as that lasts; return whether we were."""
        connection = Connection(
            self._node, self._protocol, self._limits, self._done, self._received
        )
        try:
            connection.open()
        except (OSError, UnicodeError) as error:
            connection.drop()
            self._failed(reasons.of_error(error))
            return False
        while connection.alive and not connection.accepted and not self._stopping.is_set():
            connection.serve(self._wake_out, _ROUND_SECONDS)
        accepted = connection.accepted
        if accepted:
            self._up(connection)
            try:
                self._serve(connection)
            finally:
                self._down(connection)
        elif not self._stopping.is_set():
            self._refused(connection)
        connection.close(self._wake_out, self._deadline)
        return accepted

    def _serve(self, connection: Connection) -> None:
        """Send and receive until the connection ends, or everything is said before the end."""
        window = min(connection.limits.window, self._outbox.window)
        live_needs_room = self._node.config.topics.faces.qos > 0
        subscribed = 0
        while connection.alive:
            for topic_filter, _ in self._handlers[subscribed:]:
                connection.subscribe(topic_filter)
                subscribed += 1
            for _ in range(_BURST):
                if not connection.ready:
                    break
                message = self._outbox.take(connection.flying < window, live_needs_room)
                if message is None:
                    break
                self._metrics.mqtt_messages.inc()
                connection.send(message)
            wait = _ROUND_SECONDS
            if self._stopping.is_set():
                wait = min(wait, self._deadline - _GOODBYE_SECONDS - time.monotonic())
                if wait <= 0 or (self._outbox.empty and connection.done):
                    return
            connection.serve(self._wake_out, wait)
            self._settle()

    def _settle(self) -> None:
        """Do what is to be done from time to time."""
        now = time.monotonic()
        if now >= self._next_settle:
            self._next_settle = now + _ROUND_SECONDS
            self._outbox.settle()
            if self._protocol == MQTTProtocolVersion.MQTTv5:
                self._outbox.repeat_states(properties.STATE_REPEAT_SECONDS)

    def _up(self, connection: Connection) -> None:
        # What was found by trying out may be a broker that was in trouble: see `_down`.
        self._sure = self._sure or self._protocol == MQTTProtocolVersion.MQTTv5
        self._limits = connection.limits
        self._metrics.mqtt_connected.set(1)
        self.connected = True
        if time.monotonic() - self._down_since > _OUTAGE_SECONDS:
            self._said.clear()
        self._say(logging.INFO, f"connected to the broker {self._node.address}")
        for callback in self._callbacks:
            self._call(callback)

    def _down(self, connection: Connection) -> None:
        self.connected = False
        self._metrics.mqtt_connected.set(0)
        self._down_since = time.monotonic()
        self._outbox.lost_connection()
        if not self._sure:
            self._protocol = MQTTProtocolVersion.MQTTv5
            self._hang_ups = _HANG_UPS - 1
        if not self._stopping.is_set():
            where = self._node.address
            self._say(logging.WARNING, f"lost the broker {where}: {connection.end()}; {_TRYING}")

    def _refused(self, connection: Connection) -> None:
        """Take in why the broker did not let us in, and try otherwise if that may help."""
        failure, refusal = connection.failure(), connection.refusal
        if refusal is not None:
            self._limits = self._limits.after(refusal)
        if self._sure or failure.label == "tls":
            self._failed(failure)
        elif refusal is not None and refusal.value == reasons.UNSUPPORTED_VERSION:
            self._sure = True
            self._protocol = MQTTProtocolVersion.MQTTv311
            self._say(logging.INFO, f"broker {self._node.address} refuses MQTT 5: using 3.1.1")
        else:
            self._failed(failure)
            self._hang_ups = 0 if connection.answered else self._hang_ups + 1
            if self._hang_ups >= _HANG_UPS:
                self._hang_ups = 0
                self._protocol = _OTHER[self._protocol]

    def _failed(self, failure: Failure) -> None:
        self._metrics.mqtt_connect_failures.labels(failure.label).inc()
        self._say(logging.WARNING, f"broker {self._node.address} {failure.words}; {_TRYING}")

    def _done(self, message: Outgoing, reason: str | None) -> None:
        self._outbox.done(message, refused=reason is not None)
        if reason is not None:
            where = self._node.address
            self._say(logging.WARNING, f"broker {where} does not take {message.topic}: {reason}")

    def _received(self, topic: str, payload: bytes) -> None:
        for topic_filter, handler in self._handlers:
            if paho.topic_matches_sub(topic_filter, topic):
                self._call(partial(handler, topic, payload), f" with {topic}")

    def _call(self, callback: Callable[[], None], occasion: str = "") -> None:
        try:
            callback()
        except Exception as error:  # noqa: BLE001 - a listener's fault must not end the connection
            name = type(error).__name__
            self._say(logging.WARNING, f"an MQTT listener failed{occasion}: {name}: {error}")

    def _say(self, level: int, what: str) -> None:
        """Log what happened, but the same thing at most once a minute."""
        now = time.monotonic()
        if now - self._said.get(what, -math.inf) > _REPEAT_SECONDS:
            self._said[what] = now
            log.log(level, what)
