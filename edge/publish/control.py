"""A camera's switches over MQTT: commands in, how they stand out."""

import logging
import time
from typing import Final

from edge.control import CameraControl, Switches
from edge.mqtt.publisher import MqttPublisher
from edge.publish.writer import MessageWriter

log = logging.getLogger(__name__)

_LONGEST: Final = 100
"""Bytes of a payload that are looked at, and shown in the log."""


class ControlPublisher:
    """Takes commands from ``<camera>/set`` and confirms them on ``<camera>/control``, retained.

    Parameters
    ----------
    writer, mqtt
        Make and take the messages.
    """

    def __init__(self, writer: MessageWriter, mqtt: MqttPublisher) -> None:
        self._writer = writer
        self._mqtt = mqtt
        self._topic = f"{mqtt.base}/{writer.camera}/set"
        self.control = CameraControl()
        """The switches themselves."""

    def start(self) -> None:
        """Begin to listen, and tell how the switches stand."""
        # A command that the broker keeps would be obeyed again at every connect.
        self._mqtt.subscribe(self._topic, lambda _, payload: self.take(payload), retained=False)
        self.control.listen(self._confirm)
        self._confirm(self.control.switches)

    def stop(self) -> None:
        """Listen no more."""
        self._mqtt.unsubscribe(self._topic)

    def take(self, payload: bytes) -> None:
        """Carry out a command; what is none changes nothing, and is said in the log."""
        command = payload[:_LONGEST].decode("utf-8", "replace").strip().lower()
        try:
            self.control.obey(command)
        except ValueError as error:
            log.warning("%s: %r on its set topic: %s", self._writer.camera, command, error)
            self._confirm(self.control.switches)
        else:
            log.info("%s: %s, by command", self._writer.camera, command)

    def _confirm(self, switches: Switches) -> None:
        message = self._writer.control(switches, time.time())
        self._mqtt.publish_retained(f"{self._writer.camera}/control", message.json_bytes())
