"""A paho client as the box needs it, and what is known of the broker."""

import logging
import ssl
from dataclasses import dataclass, replace

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.config.mqtt import MqttConfig
from edge.mqtt import reasons
from edge.mqtt.outgoing import WINDOW, Kind, Outgoing
from edge.mqtt.properties import PACKET, Stamps


@dataclass(frozen=True)
class Limits:
    """What this broker can take."""

    window: int = WINDOW
    qos: int = 2
    retain: bool = True
    packet: int = 268_435_455

    @classmethod
    def of(cls, properties: Properties | None) -> "Limits":
        """Read them from a CONNACK; 3.1.1 has none there."""
        return cls(
            min(WINDOW, getattr(properties, "ReceiveMaximum", WINDOW)),
            getattr(properties, "MaximumQoS", 2),
            bool(getattr(properties, "RetainAvailable", 1)),
            getattr(properties, "MaximumPacketSize", 268_435_455),
        )

    def after(self, refusal: ReasonCode) -> "Limits":
        """Tell what to try with a broker that refused what the last will asks for."""
        if refusal.value == reasons.NO_RETAIN:
            return replace(self, retain=False)
        if refusal.value == reasons.NO_QOS:
            return replace(self, qos=0)
        return self


@dataclass(frozen=True)
class Node:
    """Who connects, and where to.

    Parameters
    ----------
    config
        Credentials, and how each kind of topic is sent.
    name
        The box's.
    host
        Of the broker.
    base
        What its topics begin with.
    tls
        Trust and certificates, or None.
    """

    config: MqttConfig
    name: str
    host: str
    base: str
    tls: ssl.SSLContext | None

    @property
    def address(self) -> str:
        """Where the broker is, as shown to people."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.config.port}"


class PacketTooLargeError(Exception):
    """Somebody has us sent more than we have room for."""


class Client(paho.Client):
    """Reaches into paho for two bounds that it does not have."""

    def bound_keepalive(self, seconds: int) -> None:
        """Ask for a sign of life no less often than that, whatever the broker would have."""
        self._keepalive = min(self._keepalive or seconds, seconds)

    def _sock_recv(self, bufsize: int) -> bytes:
        # At first it asks for all that a packet has announced. MQTT 3.1.1 cannot forbid those.
        if bufsize > PACKET:
            raise PacketTooLargeError
        return super()._sock_recv(bufsize)


class Ears(logging.Handler):
    """Hears of the exceptions that paho swallows."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.error: OSError | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the exception that a line tells of."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        for error in arguments:
            if isinstance(error, OSError):
                self.error = error


def make_client(
    node: Node, protocol: MQTTProtocolVersion, limits: Limits, stamps: Stamps, ears: Ears
) -> Client:
    """Make a client with credentials, last will and ears, and without callbacks."""
    config, state = node.config, node.config.topics.state
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"edge-fer-{node.name}",
        protocol=protocol,
        reconnect_on_failure=False,
    )
    client.max_inflight_messages = 0  # the outbox has its window
    if node.tls is not None:
        client.tls_set_context(node.tls)
    if config.username is not None:
        password = config.password.get_secret_value() if config.password else None
        client.username_pw_set(config.username, password)
    will = Outgoing(f"{node.base}/status", b"offline", Kind.STATE, "text/plain", lasting=True)
    client.will_set(
        will.topic,
        will.payload,
        min(state.qos, limits.qos),
        limits.retain,
        stamps.of_will(will) if protocol == MQTTProtocolVersion.MQTTv5 else None,
    )
    # Not of the tree of loggers: each client has its own, and it goes with the client.
    logger = logging.Logger("paho", logging.ERROR)  # noqa: LOG001 - see above
    logger.addHandler(ears)
    client.enable_logger(logger)
    return client
