"""The MQTT client: connects for ever, and keeps what must not be lost."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge.config.mqtt import MqttConfig
from edge.metrics import Metrics
from edge.mqtt.client import Node
from edge.mqtt.link import MqttLink
from edge.mqtt.outbox import Outbox
from edge.mqtt.outgoing import Kind, Outgoing
from edge.mqtt.spool import Spool, check_parent
from edge.mqtt.tls import make_context

log = logging.getLogger(__name__)

_TYPE: Final = "application/json"


def check_mqtt(config: MqttConfig, folder: Path) -> None:
    """Check the files and folders that the configuration names, and make none.

    Raises
    ------
    ConfigError
        If one is not, or is not what it should be.
    """
    if config.tls is not None:
        make_context(config.tls, folder)
    if config.outbox.folder is not None:
        check_parent(folder / config.outbox.folder)


class MqttPublisher:
    """Publishes below ``<prefix>/<node>``; every method may be called from any thread.

    One thread connects, sends and receives; the others put messages into the outbox and wake it.
    The node's ``status`` is retained ``online`` while connected and ``offline`` otherwise, by last
    will when the box dies. Retained messages are sent again on every connect, so that a broker
    which lost its memory tells the truth again.

    Parameters
    ----------
    config
        Broker, credentials, prefix and bounds.
    node
        The box's name; two boxes on one broker need two names.
    metrics
        Counts messages and drops.
    folder
        Where relative paths start.

    Raises
    ------
    ConfigError
        If a certificate cannot be read, or the outbox's folder cannot be written.
    """

    def __init__(
        self, config: MqttConfig, node: str, metrics: Metrics, folder: Path = Path()
    ) -> None:
        self.base: Final = f"{config.prefix}/{node}"
        """What all topics but those of `publish_absolute` begin with."""
        tls = None if config.tls is None else make_context(config.tls, folder)
        spool = None
        if config.outbox.folder is not None:
            spool = Spool(folder / config.outbox.folder, node)
        self._metrics = metrics
        self._topics = {"event": config.topics.event, "faces": config.topics.faces}
        self._outbox = Outbox(config.outbox, metrics, spool)
        self._link = MqttLink(
            Node(config, node, config.host, self.base, tls), self._outbox, metrics
        )

    @property
    def connected(self) -> bool:
        """Whether the broker accepts our messages."""
        return self._link.connected

    @property
    def error(self) -> Exception | None:
        """What ended the client's thread, which should only end by `stop`."""
        return self._link.error

    def start(self) -> None:
        """Begin connecting; returns at once, also without a broker."""
        self.publish_retained("status", b"online", lasting=True)
        self._link.start()

    def publish(self, topic: str, payload: bytes) -> None:
        """Send what is of this moment only; dropped and counted without a broker."""
        self._send_now(Outgoing(f"{self.base}/{topic}", payload, Kind.FACES, _TYPE))

    def publish_picture(self, topic: str, payload: bytes) -> None:
        """Send a JPEG of this moment; no broker is asked to keep it."""
        self._send_now(Outgoing(f"{self.base}/{topic}", payload, Kind.SNAPSHOT, "image/jpeg"))

    def _send_now(self, message: Outgoing) -> None:
        if self.connected:
            self._outbox.put_live(message)
            self._link.wake()
        else:
            self._metrics.mqtt_dropped.labels("disconnected").inc()

    def publish_event(self, topic: str, payload: bytes) -> None:
        """Send, or keep until the broker is back; a full outbox loses the oldest unsent one."""
        self._outbox.put_event(Outgoing(f"{self.base}/{topic}", payload, Kind.EVENT, _TYPE))
        self._link.wake()

    def publish_retained(
        self,
        topic: str,
        payload: bytes,
        lasting: bool = False,
        content_type: str | None = _TYPE,
    ) -> None:
        """Make `payload` the present truth of a topic, now and on every connect.

        Parameters
        ----------
        topic
            Below `base`.
        payload
            The truth; of a plain word the content type is ``text/plain``.
        lasting
            Whether it holds without us. What does not is said again and again, and with MQTT 5 the
            broker forgets it a minute after we died.
        content_type
            Of the payload.
        """
        if content_type == _TYPE and payload.isalpha():
            content_type = "text/plain"
        self._retain(f"{self.base}/{topic}", payload, lasting, content_type)

    def publish_absolute(self, topic: str, payload: bytes) -> None:
        """Retain `payload` on a topic that need not be below `base`; it holds without us."""
        self._retain(topic, payload, True, _TYPE if payload else None)

    def clear(self, topic: str) -> None:
        """Delete what is retained below `topic`, now and on every connect: an empty message."""
        gone = {f"{self.base}/{topic}/{name}" for name, how in self._topics.items() if how.retain}
        known = {state.topic for state in self._outbox.states()}
        gone |= {each for each in known if each.startswith(f"{self.base}/{topic}/")}
        for each in sorted(gone):
            self.publish_absolute(each, b"")

    def clear_people(self, topic: str) -> None:
        """Delete what is retained of faces and events below `topic`, if it is by configuration."""
        for name in ("event", "faces"):
            if self._topics[name].retain:
                self.publish_absolute(f"{self.base}/{topic}/{name}", b"")

    def subscribe(
        self, topic_filter: str, handler: Callable[[str, bytes], None], retained: bool = True
    ) -> None:
        """Have `handler` called with topic and payload of all messages that match, from now on.

        It takes the place of the one before it with the same filter, runs on the client's thread,
        and should be quick.

        Parameters
        ----------
        topic_filter
            Which topics, as MQTT has it.
        handler
            Takes them.
        retained
            Whether it is told what the broker keeps, at each connect: an order given once must
            not be.
        """
        self._link.subscribe(topic_filter, handler, retained)

    def unsubscribe(self, topic_filter: str) -> None:
        """End what `subscribe` began."""
        self._link.unsubscribe(topic_filter)

    def forget_events(self, topic: str, unless: Callable[[bytes], bool]) -> None:
        """Drop the events of `topic` that an earlier run left behind, but for those that may stay.

        Parameters
        ----------
        topic
            Below `base`.
        unless
            Tells whether a payload may still go out.
        """
        count = self._outbox.forget(f"{self.base}/{topic}", unless)
        if count:
            log.warning("%s: privacy drops %d events of an earlier run", topic, count)

    def stop(self, deadline: float) -> None:
        """Send what is queued and the farewell, and disconnect, by the monotonic `deadline`."""
        for state in self._outbox.states():
            told = state.topic.startswith(f"{self.base}/") and state.payload
            if told and state.topic.endswith("status"):
                self._retain(state.topic, b"offline", state.lasting, state.content_type)
        self._link.stop(deadline)
        lost = self._outbox.close()
        if lost:
            log.warning("events that could not be sent before the end: %d", lost)

    def _retain(self, topic: str, payload: bytes, lasting: bool, content_type: str | None) -> None:
        self._outbox.put_state(Outgoing(topic, payload, Kind.STATE, content_type, lasting))
        self._link.wake()
