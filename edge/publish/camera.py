"""The last stage of a camera: tracks, MQTT messages and the annotated picture."""

import logging
import math
import time
from collections.abc import Callable

from edge.config import CameraConfig
from edge.publish.messages import MessageWriter
from edge.publish.mqtt import MqttPublisher
from edge.records import Event, Frame, Observation
from edge.track import Tracker
from edge.web.view import CameraView

log = logging.getLogger(__name__)


class CameraPublisher:
    """Turns a camera's observations into events, messages and pictures.

    Parameters
    ----------
    config
        The camera's configuration.
    writer
        Makes its messages.
    tracker
        Knows who is present.
    mqtt
        Takes them.
    view
        Shows the newest picture to those who watch.
    live
        Whether time goes on without frames, as it does for a camera and not for a clip.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        config: CameraConfig,
        writer: MessageWriter,
        tracker: Tracker,
        mqtt: MqttPublisher,
        view: CameraView,
        live: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = writer.camera
        self._writer = writer
        self._mqtt = mqtt
        self._view = view
        self._live = live
        self._clock = clock
        self._tracker = tracker
        self._interval = 1 / config.publish.rate_hz
        self._lost = config.track.lost_seconds
        self._late = 0.0
        self._next_faces = 0.0
        self._last_frame: Frame | None = None
        self._last_state: tuple[int, str | None] | None = None

    def accept(self, observation: Observation) -> None:
        """Take the next frame: events at once, present faces at the configured rate."""
        frame = observation.frame
        self._last_frame = frame
        self._late = max(0.0, self._clock() - frame.captured)
        events = self._tracker.update(observation)
        self._announce(events, frame, frame.wall)
        tracks = self._tracker.tracks
        now = self._clock()
        if tracks and now >= self._next_faces:
            self._next_faces = now + self._interval
            message = self._writer.faces(tracks, frame)
            self._mqtt.publish(f"{self._name}/faces", message.json_bytes())
        seen = [track for track in tracks if track.last_seen == frame.time]
        self._view.show(frame, [track.reading for track in seen])

    def idle(self) -> None:
        """Notice faces that are lost because the camera gives no frames, or none worth a look."""
        if self._live:
            # What a slow box has not looked at yet is not gone.
            now = self._clock() - self._late
            self._expire(now)
            if self._last_frame is not None and now - self._last_frame.captured > self._lost:
                self._view.clear()

    def close(self) -> None:
        """Say of everyone present that they are lost: nobody will see them go."""
        self._expire(math.inf)
        self._view.clear()

    def _expire(self, now: float) -> None:
        if self._last_frame is not None:
            self._announce(self._tracker.expire(now), self._last_frame, time.time())

    def _announce(self, events: tuple[Event, ...], frame: Frame, wall: float) -> None:
        for event in events:
            message = self._writer.event(event, frame, wall)
            self._mqtt.publish_event(f"{self._name}/event", message.json_bytes())
            log.info(
                "%s: face %d %s: %s",
                self._name,
                message.face.track,
                message.event,
                message.face.label,
            )
        if events or self._last_state is None:
            message_state = self._writer.state(self._tracker.tracks, wall)
            state = (message_state.faces, message_state.emotion)
            if state != self._last_state:
                self._last_state = state
                self._mqtt.publish_retained(f"{self._name}/state", message_state.json_bytes())
