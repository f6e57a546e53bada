"""A camera's switches over MQTT: commands in, how they stand out."""

import logging
import time

from edge.control import COMMANDS, CameraControl, Switches
from edge.mqtt.publisher import MqttPublisher
from edge.publish.writer import MessageWriter
from edge.web.view import CameraView

log = logging.getLogger(__name__)

_LONGEST = max(map(len, COMMANDS))


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
        self.control = CameraControl(self._changed)
        """The switches themselves."""
        self.view: CameraView | None = None
        """What is to be blanked while the camera is paused."""

    def start(self) -> None:
        """Begin to listen, and tell how the switches stand."""
        topic = f"{self._mqtt.base}/{self._writer.camera}/set"
        self._mqtt.subscribe(topic, lambda _, payload: self.take(payload))
        self._changed(self.control.switches)

    def take(self, payload: bytes) -> None:
        """Carry out a command; what is none changes nothing, and is said in the log."""
        command = payload[: _LONGEST + 1].decode("utf-8", "replace").strip().lower()
        try:
            self.control.obey(command)
        except ValueError as error:
            log.warning("%s: %r on its set topic: %s", self._writer.camera, command, error)
            self._changed(self.control.switches)
        else:
            log.info("%s: %s, by command", self._writer.camera, command)

    def _changed(self, switches: Switches) -> None:
        if switches.paused and self.view is not None:
            self.view.blank("paused")
        message = self._writer.control(switches, time.time())
        self._mqtt.publish_retained(f"{self._writer.camera}/control", message.json_bytes())
