"""One connection to the broker, from CONNECT to its end (paho-mqtt)."""

import logging
import select
import socket
import ssl
import struct
import time
from collections.abc import Callable
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.exception import MQTTException
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.mqtt import reasons
from edge.mqtt.client import Ears, Limits, Node, make_client
from edge.mqtt.outbox import Outgoing
from edge.mqtt.properties import Stamps
from edge.mqtt.reasons import Failure

log = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 2.0
CONNACK_SECONDS: Final = 5.0
KEEPALIVE_SECONDS: Final = 10
"""A frozen broker is noticed after twice this."""

_GARBAGE: Final = (MQTTException, ValueError, LookupError, TypeError, struct.error)
"""What paho stumbles with over packets that are none."""

_OVERHEAD: Final = 300
"""Bytes of a packet that are neither topic nor payload, generously."""


class Connection:
    """A paho client that lives as long as one connection does; for one thread only.

    So nothing that paho keeps beyond a connection, and sends again in an order of its own, mixes
    with the outbox: what is not acknowledged stays there, and goes out by the next connection.

    Parameters
    ----------
    node
        Who connects, and where to.
    protocol
        MQTT 5 or 3.1.1.
    limits
        What is known of the broker: how it would have the last will.
    on_done
        Called with each message that needs no more care, and the reason if it was refused.
    on_message
        Called with each topic and payload that comes.
    """

    def __init__(
        self,
        node: Node,
        protocol: MQTTProtocolVersion,
        limits: Limits,
        on_done: Callable[[Outgoing, str | None], None],
        on_message: Callable[[str, bytes], None],
    ) -> None:
        self._node = node
        self._five = protocol == MQTTProtocolVersion.MQTTv5
        self.limits = limits
        self.accepted = False
        self.answered = False
        """Whether there was any CONNACK."""
        self.refusal: ReasonCode | None = None
        self._on_done = on_done
        self._on_message = on_message
        self._flying: dict[int, Outgoing] = {}
        self._end: ReasonCode | None = None
        self._told_end = False
        self._deadline = 0.0
        self._subscribed: dict[int, str] = {}
        self._stamps = Stamps(node.name, node.config.event_expiry_seconds)
        self._ears = Ears()
        self._client = make_client(node, protocol, limits, self._stamps, self._ears)
        self._client.connect_timeout = CONNECT_SECONDS
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_publish = self._acknowledged
        self._client.on_subscribe = self._granted
        self._client.on_message = self._received

    def open(self) -> None:
        """Connect and send CONNECT; blocks for as long as that takes.

        Raises
        ------
        OSError, UnicodeError
            Why it fails; `reasons.of_error` has the words.
        """
        properties = self._stamps.of_connect() if self._five else None
        self._client.connect_async(
            self._node.host,
            self._node.config.port,
            keepalive=KEEPALIVE_SECONDS,
            clean_start=True,
            properties=properties,
        )
        self._deadline = time.monotonic() + CONNECT_SECONDS + CONNACK_SECONDS
        self._client.reconnect()
        sock = self._client.socket()
        if isinstance(sock, socket.socket):
            # An event goes out at once, and does not wait for the acknowledgement of another.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def alive(self) -> bool:
        """Whether it still is one."""
        return self._client.socket() is not None

    @property
    def flying(self) -> int:
        """Messages that the broker has not acknowledged."""
        return len(self._flying)

    @property
    def ready(self) -> bool:
        """Whether all that was given has left this program."""
        return self.accepted and self.alive and not self._client.want_write()

    @property
    def done(self) -> bool:
        """Whether the broker has all that was given."""
        return not self._flying and not self._client.want_write()

    def send(self, message: Outgoing) -> None:
        """Send a message; the caller sees to it that the connection is ready for it."""
        how = self._node.config.topics.of(message.kind.value)
        qos = min(how.qos, self.limits.qos)
        size = len(message.payload) + len(message.topic.encode()) + _OVERHEAD
        if size > self.limits.packet:
            self._on_done(message, f"its packets have {self.limits.packet} bytes at most")
            return
        properties = self._stamps.of(message) if self._five else None
        try:
            info = self._client.publish(
                message.topic, message.payload, qos, how.retain and self.limits.retain, properties
            )
        except ValueError:  # such as a topic with wildcards
            self._on_done(message, "no topic to publish on")
            return
        if info.rc == paho.MQTT_ERR_QUEUE_SIZE:  # 65,535 messages ago one was never acknowledged
            self.drop()
        elif qos > 0:
            self._flying[info.mid] = message
        else:
            self._on_done(message, None)

    def subscribe(self, topic_filter: str) -> None:
        """Ask for topics."""
        _, mid = self._client.subscribe(topic_filter, qos=1)
        if mid is not None:
            self._subscribed[mid] = topic_filter

    def serve(self, wake: socket.socket, seconds: float) -> None:
        """Send and receive what can be, or wait for that, or for a byte at `wake`."""
        sock = self._client.socket()
        if sock is None:
            return
        # What TLS has decrypted already the kernel does not tell of.
        pending = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        poll = select.poll()
        poll.register(wake.fileno(), select.POLLIN)
        poll.register(sock.fileno(), select.POLLIN | select.POLLOUT * self._client.want_write())
        found = dict(poll.poll(0 if pending else 1000 * seconds))
        if wake.fileno() in found:
            wake.recv(4096)
        try:
            if pending or found.get(sock.fileno(), 0) & ~select.POLLOUT:
                self._client.loop_read()
            if self._client.want_write():
                self._client.loop_write()
            self._client.loop_misc()
        except _GARBAGE:
            self._end = ReasonCode(PacketTypes.DISCONNECT, "Protocol error")
            self.drop()
        if not self.answered and time.monotonic() > self._deadline:
            self.drop()

    def close(self, wake: socket.socket, deadline: float) -> None:
        """Say goodbye, so that there is no last will, by the monotonic time `deadline`."""
        if self.accepted:
            self._client.disconnect()
            while self.alive and time.monotonic() < deadline:
                self.serve(wake, min(0.05, max(0.0, deadline - time.monotonic())))
        self.drop()

    def drop(self) -> None:
        """End without a word."""
        self.accepted = False
        self._client.reinitialise()  # closes its socket

    def failure(self) -> Failure:
        """Tell why a connection ended that never was accepted."""
        if self.refusal is not None:
            return reasons.of_refusal(self.refusal)
        return reasons.of_end(self._end, self._ears.error, late=time.monotonic() > self._deadline)

    def end(self) -> str:
        """Tell in words why an accepted connection ended."""
        return reasons.of_loss(self._end, self._ears.error, told=self._told_end)

    def _connected(
        self,
        client: paho.Client,
        userdata: Any,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self.answered = True
        if reason.is_failure:
            self.refusal = reason
        else:
            self.accepted = True
            self.limits = Limits.of(properties)

    def _disconnected(
        self,
        client: paho.Client,
        userdata: Any,
        flags: paho.DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self.accepted = False
        self._end = reason
        self._told_end = flags.is_disconnect_packet_from_server

    def _acknowledged(
        self,
        client: paho.Client,
        userdata: Any,
        mid: int,
        reason: ReasonCode,
        properties: Properties,
    ) -> None:
        message = self._flying.pop(mid, None)
        if message is not None:
            self._on_done(message, str(reason) if reason.is_failure else None)

    def _granted(
        self,
        client: paho.Client,
        userdata: Any,
        mid: int,
        reasons: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        topic_filter = self._subscribed.pop(mid, "")
        if any(reason.is_failure for reason in reasons):
            log.warning(
                "broker %s refuses to send %s: %s", self._node.address, topic_filter, reasons[0]
            )

    def _received(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        self._on_message(topic, bytes(message.payload))
