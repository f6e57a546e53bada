"""A camera's connection, as MQTT and the page tell it."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from edge.capture.health import SourceHealth
from edge.capture.state import SourceState
from edge.metrics import CameraMetrics
from edge.mqtt.publisher import MqttPublisher
from edge.publish.writer import MessageWriter

_EVERY_SECONDS: Final = 20.0


class SourcePublisher:
    """Publishes each move of a source at once, and its figures every 20 s; both retained.

    Parameters
    ----------
    writer, mqtt
        Make and take the messages.
    metrics
        The camera's.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        writer: MessageWriter,
        mqtt: MqttPublisher,
        metrics: CameraMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._writer = writer
        self._mqtt = mqtt
        self._metrics = metrics
        self._clock = clock
        self._next = 0.0
        self._stopped = False
        self.health = SourceHealth(self._moved)
        """The source's; to be moved by the capture stage."""

    def start(self) -> None:
        """Publish that the source is starting."""
        self._moved(self.health.state)

    def tick(self) -> None:
        """Publish the figures if their time has come; called from time to time."""
        if self._clock() >= self._next:
            self._tell()

    def _moved(self, state: SourceState) -> None:
        if self._stopped:  # a reader that was left behind came back
            return
        if state is not SourceState.ONLINE:
            self._metrics.present(())
        self._mqtt.publish_retained(
            f"{self._writer.camera}/status", state.value.encode(), content_type="text/plain"
        )
        self._next = 0.0  # the figures follow with the next tick

    def stop(self) -> None:
        """Publish that nothing is known of the source any more, and then nothing."""
        self._stopped = True
        self._tell(SourceState.OFFLINE)

    def _tell(self, state: SourceState | None = None) -> None:
        self._next = self._clock() + _EVERY_SECONDS
        connection = self.health.connection()
        if state is not None:
            connection = replace(connection, state=state)
        message = self._writer.connection(connection, self._metrics.fps(), time.time())
        self._mqtt.publish_retained(f"{self._writer.camera}/connection", message.json_bytes())
