"""The thread that connects to the broker for ever, sends what waits and hands on what comes."""

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Final

import paho.mqtt.client as paho

from edge.backoff import Backoff
from edge.metrics import Metrics
from edge.mqtt import properties, reasons
from edge.mqtt.client import Limits, Node
from edge.mqtt.connection import Connection
from edge.mqtt.journal import Journal
from edge.mqtt.outbox import Outbox
from edge.mqtt.outgoing import Outgoing
from edge.mqtt.reasons import Failure
from edge.mqtt.version import Version
from edge.mqtt.waker import Waker

log = logging.getLogger(__name__)

_FIRST_WAIT_SECONDS: Final = 1.0
_LONGEST_WAIT_SECONDS: Final = 8.0
_ROUND_SECONDS: Final = 0.5
_BURST: Final = 50
"""Messages sent before we look again for what came."""

_GOODBYE_SECONDS: Final = 0.3
LASTING_SECONDS: Final = 10.0
"""A connection that did not last so long is no success: the next attempt waits longer."""

_SEVERAL: Final = 3
"""So many short connections in a row are told no more than once a minute, and have a cause."""

_TRYING: Final = "trying until it works"

Handler = Callable[[str, bytes], None]


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
        self._version = Version(node.config)
        self._limits = Limits()
        self._handlers: dict[str, tuple[Handler, bool]] = {}
        """By their topic filters, and whether they are told what the broker keeps."""
        self._journal = Journal(log)
        self._short_ones = 0
        """Connections in a row that did not last."""
        self._next_settle = 0.0
        self._stopping = threading.Event()
        self._deadline = math.inf
        self._waker = Waker()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def start(self) -> None:
        """Begin connecting; returns at once."""
        self._thread.start()

    def stop(self, deadline: float) -> None:
        """Send what waits and say goodbye, by the monotonic time `deadline`."""
        self._deadline = deadline
        self._stopping.set()
        self._waker.wake()
        if self._thread.ident is not None:
            self._thread.join(max(0.0, deadline - time.monotonic()))

    def wake(self) -> None:
        """Have what is new in the outbox sent at once; from any thread."""
        if self.connected:
            self._waker.wake()

    def subscribe(self, topic_filter: str, handler: Handler, retained: bool) -> None:
        """Have `handler` called with what comes, from now on; from any thread."""
        self._handlers[topic_filter] = handler, retained
        self.wake()

    def unsubscribe(self, topic_filter: str) -> None:
        """Have what comes of a filter ignored, and sent no more; from any thread."""
        self._handlers.pop(topic_filter, None)
        self.wake()

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
        """Connect once, and stay connected; return whether that lasted."""
        connection = Connection(
            self._node,
            self._version.protocol,
            self._limits,
            self._done,
            self._received,
            self._not_granted,
        )
        try:
            connection.open()
        except (OSError, UnicodeError) as error:
            connection.drop()
            self._failed(reasons.of_error(error))
            return False
        while connection.alive and not connection.accepted and not self._stopping.is_set():
            connection.serve(self._waker, _ROUND_SECONDS)
        lasted = False
        if connection.accepted:
            since = time.monotonic()
            self._up(connection)
            try:
                self._serve(connection)
            finally:
                lasted = time.monotonic() - since >= LASTING_SECONDS
                self._down(connection, lasted)
        elif not self._stopping.is_set():
            self._refused(connection)
        connection.close(self._waker, self._deadline)
        return lasted

    def _serve(self, connection: Connection) -> None:
        """Send and receive until the connection ends, or everything is said before the end."""
        window = min(connection.limits.window, self._outbox.window)
        faces_need_room = self._node.config.topics.faces.qos > 0
        subscribed: set[str] = set()
        while connection.alive:
            subscribed = self._subscribe(connection, subscribed)
            for _ in range(_BURST):
                if not connection.ready:
                    break
                message = self._outbox.take(connection.flying < window, faces_need_room)
                if message is None:
                    break
                if connection.send(message):
                    self._metrics.mqtt_messages.inc()
            wait = _ROUND_SECONDS
            if self._stopping.is_set():
                wait = min(wait, self._deadline - _GOODBYE_SECONDS - time.monotonic())
                if wait <= 0 or (self._outbox.empty and connection.done):
                    return
            connection.serve(self._waker, wait)
            self._settle()

    def _subscribe(self, connection: Connection, subscribed: set[str]) -> set[str]:
        """Ask for what is new since these topics, and no more for what is gone."""
        wanted = list(self._handlers)
        for topic_filter in wanted:
            if topic_filter not in subscribed:
                connection.subscribe(topic_filter)
        for topic_filter in subscribed.difference(wanted):
            connection.unsubscribe(topic_filter)
        return set(wanted)

    def _settle(self) -> None:
        """Do what is to be done from time to time."""
        now = time.monotonic()
        if now >= self._next_settle:
            self._next_settle = now + _ROUND_SECONDS
            self._outbox.settle()
            if self._version.five:
                self._outbox.repeat_states(properties.STATE_REPEAT_SECONDS)

    def _up(self, connection: Connection) -> None:
        self._version.works()
        self._limits = connection.limits
        self._metrics.mqtt_connected.set(1)
        self.connected = True
        if self._short_ones < _SEVERAL:
            self._journal.clear()
        where = self._node.address
        self._journal.tell(f"connected to the broker {where}")
        if connection.limits.qos == 0 and self._node.config.topics.event.qos > 0:
            lost = "events on their way when a connection ends are lost, and not counted"
            self._journal.warn(f"broker {where} takes QoS 0 only: {lost}")

    def _down(self, connection: Connection, lasted: bool) -> None:
        self.connected = False
        self._metrics.mqtt_connected.set(0)
        self._short_ones += 1
        if lasted:
            self._short_ones = 0
            self._journal.clear()
        suspect = connection.suspect
        given_up = self._outbox.lost_connection(connection.unfinished, suspect)
        self._version.lost()
        if self._stopping.is_set():
            return
        self._metrics.mqtt_connections_lost.inc()
        where, hint = self._node.address, ""
        if self._short_ones >= _SEVERAL and suspect is None:
            hint = " again and again, does another box have this node's name?"
        self._journal.warn(f"lost the broker {where}{hint}: {connection.end()}; {_TRYING}")
        if given_up is not None:
            what = f"{given_up.topic} of {len(given_up.payload)} bytes"
            self._journal.warn(f"broker {where} hangs up on {what}: given up")

    def _refused(self, connection: Connection) -> None:
        """Take in why the broker did not let us in, and try otherwise if that may help."""
        failure, refusal = connection.failure(), connection.refusal
        if refusal is not None:
            self._limits = self._limits.after(refusal)
        if self._version.refused(failure, refusal, connection.answered):
            self._journal.tell(f"broker {self._node.address} refuses MQTT 5: using 3.1.1")
        else:
            self._failed(failure)

    def _failed(self, failure: Failure) -> None:
        self._metrics.mqtt_connect_failures.labels(failure.label).inc()
        self._journal.warn(f"broker {self._node.address} {failure.words}; {_TRYING}")

    def _done(self, message: Outgoing, reason: str | None) -> None:
        self._outbox.done(message, refused=reason is not None)
        if reason is not None:
            where = self._node.address
            self._journal.warn(f"broker {where} does not take {message.topic}: {reason}")

    def _not_granted(self, topic_filter: str, reason: str) -> None:
        where = self._node.address
        self._journal.warn(f"broker {where} refuses to send {topic_filter}: {reason}")

    def _received(self, topic: str, payload: bytes, kept: bool) -> None:
        for topic_filter, (handler, retained) in list(self._handlers.items()):
            if (kept and not retained) or not paho.topic_matches_sub(topic_filter, topic):
                continue
            try:
                handler(topic, payload)
            except Exception as error:  # noqa: BLE001 - its fault must not end the connection
                what = f"an MQTT listener failed with {topic!r}: {type(error).__name__}: {error}"
                self._journal.warn(what, about=topic_filter)
