"""One connection to the broker, from CONNECT to its end (paho-mqtt)."""

import socket
import struct
import time
from collections.abc import Callable
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt import MQTTException
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.mqtt import reasons
from edge.mqtt.client import Ears, Limits, Node, PacketTooLargeError, make_client
from edge.mqtt.outgoing import Outgoing
from edge.mqtt.properties import PACKET, Stamps
from edge.mqtt.reasons import Failure
from edge.mqtt.waker import Waker

CONNECT_SECONDS: Final = 2.0
CONNACK_SECONDS: Final = 5.0
KEEPALIVE_SECONDS: Final = 10
"""A frozen broker is noticed after twice this."""

_GARBAGE: Final = (MQTTException, ValueError, LookupError, TypeError, struct.error)
"""What paho stumbles with over packets that are none."""

_OVERHEAD: Final = 300
"""Bytes of a packet that are neither topic nor payload, generously."""

_SILENT: Final = "it does not acknowledge what it gets"


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
        Called with each topic and payload that comes, and whether the broker had kept it.
    on_refused_topic
        Called with each filter that the broker sends nothing of, and the reason.
    """

    def __init__(
        self,
        node: Node,
        protocol: MQTTProtocolVersion,
        limits: Limits,
        on_done: Callable[[Outgoing, str | None], None],
        on_message: Callable[[str, bytes, bool], None],
        on_refused_topic: Callable[[str, str], None],
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
        self._on_refused_topic = on_refused_topic
        self._flying: dict[int, tuple[Outgoing, float]] = {}
        """By their numbers, in the order in which they were sent, and when."""
        self._unwritten: list[Outgoing] = []
        self._fault: str | None = None
        """Why we ended it."""
        self._end: ReasonCode | None = None
        self._told_end = False
        self._deadline = 0.0
        self._subscribed: dict[int, str] = {}
        self._stamps = Stamps(node.name, node.config.event_expiry_seconds)
        self._ears = Ears()
        self._client = make_client(node, protocol, limits, self._stamps, self._ears)
        self._client.connect_timeout = CONNECT_SECONDS
        self._client.on_connect = lambda _, __, ___, reason, props: self._connected(reason, props)
        self._client.on_disconnect = lambda _, __, flags, reason, ___: self._ended(flags, reason)
        self._client.on_publish = lambda _, __, mid, reason, ___: self._acknowledged(mid, reason)
        self._client.on_subscribe = lambda _, __, mid, granted, ___: self._granted(mid, granted)
        self._client.on_message = lambda _, __, message: self._received(message)

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
        self._client.reconnect()
        self._deadline = time.monotonic() + CONNACK_SECONDS
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

    @property
    def unfinished(self) -> list[Outgoing]:
        """What was given, and may not have arrived."""
        return [*(message for message, _ in self._flying.values()), *self._unwritten]

    @property
    def suspect(self) -> Outgoing | None:
        """The message that the broker may have hung up on, or never acknowledges."""
        if not self._flying:
            return None
        first, _ = next(iter(self._flying.values()))
        if self._fault is not None:
            return first if self._fault == _SILENT else None
        blamed = reasons.may_be_a_message(self._end, self._ears.error, self._told_end)
        return first if blamed else None

    def send(self, message: Outgoing) -> bool:
        """Send a message, and return whether that went well.

        The caller sees to it that the connection is ready for it.
        """
        how = self._node.config.topics.of(message.kind.value)
        qos = min(how.qos, self.limits.qos)
        size = len(message.payload) + len(message.topic.encode()) + _OVERHEAD
        if size > self.limits.packet:
            self._on_done(message, f"its packets have {self.limits.packet} bytes at most")
            return False
        properties = self._stamps.of(message) if self._five else None
        retain = (how.retain or message.lasting) and self.limits.retain
        try:
            info = self._client.publish(message.topic, message.payload, qos, retain, properties)
        except ValueError as error:  # what an older version left in the spool, say
            self._on_done(message, f"it cannot be sent: {error}")
            return False
        if info.rc != paho.MQTT_ERR_SUCCESS:
            self._unwritten.append(message)
            return False
        if qos > 0:
            self._flying[info.mid] = message, time.monotonic()
        else:
            self._on_done(message, None)
        return True

    def subscribe(self, topic_filter: str) -> None:
        """Ask for topics."""
        _, mid = self._client.subscribe(topic_filter, qos=1)
        if mid is not None:
            self._subscribed[mid] = topic_filter

    def unsubscribe(self, topic_filter: str) -> None:
        """Ask for topics no more."""
        self._client.unsubscribe(topic_filter)

    def serve(self, waker: Waker, seconds: float) -> None:
        """Send and receive what can be, or wait for that, or for who wakes us."""
        sock = self._client.socket()
        if not isinstance(sock, socket.socket):
            return
        readable = waker.wait(sock, self._client.want_write(), seconds)
        try:
            if readable:
                self._client.loop_read()
            if self._client.want_write():
                self._client.loop_write()
            self._client.loop_misc()
        except PacketTooLargeError:
            self._give_up(f"it sends more than {PACKET} bytes at once")
        except _GARBAGE:
            self._give_up("it sent what we cannot read")
        now = time.monotonic()
        if not self.answered and now > self._deadline:
            self.drop()
        elif self._flying:
            _, sent = next(iter(self._flying.values()))
            if now - sent > 2 * KEEPALIVE_SECONDS:
                self._give_up(_SILENT)

    def close(self, waker: Waker, deadline: float) -> None:
        """Say goodbye, so that there is no last will, by the monotonic time `deadline`."""
        if self.accepted:
            self._client.disconnect()
            while self.alive and time.monotonic() < deadline:
                self.serve(waker, min(0.05, max(0.0, deadline - time.monotonic())))
        self.drop()

    def drop(self) -> None:
        """End without a word."""
        self.accepted = False
        self._client.reinitialise()  # closes its socket

    def _give_up(self, fault: str) -> None:
        if self._fault is None:
            self._fault = fault
            self._end = ReasonCode(PacketTypes.DISCONNECT, "Protocol error")
        self.drop()

    def failure(self) -> Failure:
        """Tell why a connection ended that never was accepted."""
        if self.refusal is not None:
            return reasons.of_refusal(self.refusal)
        return reasons.of_end(self._end, self._ears.error, late=time.monotonic() > self._deadline)

    def end(self) -> str:
        """Tell in words why an accepted connection ended."""
        return self._fault or reasons.of_loss(self._end, self._ears.error, told=self._told_end)

    def _connected(self, reason: ReasonCode, properties: Properties | None) -> None:
        self.answered = True
        if reason.is_failure:
            self.refusal = reason
            return
        self.accepted = True
        self.limits = Limits.of(properties)
        self._client.bound_keepalive(KEEPALIVE_SECONDS)

    def _ended(self, flags: paho.DisconnectFlags, reason: ReasonCode) -> None:
        self.accepted = False
        self._end = reason
        self._told_end = flags.is_disconnect_packet_from_server

    def _acknowledged(self, mid: int, reason: ReasonCode) -> None:
        if mid in self._flying:
            message, _ = self._flying.pop(mid)
            self._on_done(message, str(reason) if reason.is_failure else None)

    def _granted(self, mid: int, granted: list[ReasonCode]) -> None:
        topic_filter = self._subscribed.pop(mid, "")
        if any(reason.is_failure for reason in granted):
            self._on_refused_topic(topic_filter, str(granted[0]))

    def _received(self, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        self._on_message(topic, bytes(message.payload), message.retain)
