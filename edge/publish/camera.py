"""The last stage of a camera: tracks, MQTT messages and the annotated picture."""

import logging
import math
import time
from collections.abc import Callable

from edge.config import CameraConfig
from edge.mqtt.publisher import MqttPublisher
from edge.publish.writer import MessageWriter
from edge.records import Event, Frame, Observation
from edge.track import Tracker
from edge.track.tally import HOUR, MINUTE, Tally
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
        self._config = config
        self._writer = writer
        self._mqtt = mqtt
        self._view = view
        self._live = live
        self._clock = clock
        self._tracker = tracker
        self._tally = Tally(config.track.lost_seconds)
        self._aggregate = config.privacy.mode == "aggregate"
        self._late = 0.0
        self._next_faces = self._next_state = self._next_snapshot = -math.inf
        self._last_frame: Frame | None = None
        self._last_state: object = None

    def accept(self, observation: Observation) -> None:
        """Take the next frame: events at once, the rest at its configured rate."""
        frame = observation.frame
        self._last_frame = frame
        self._late = max(0.0, self._clock() - frame.captured)
        self._announce(self._tracker.update(observation), frame, frame.wall)
        self._tally.add(frame.time, [track.label for track in self._tracker.tracks])
        self._tell_faces(frame)
        self._tell_state(frame.time, frame.wall)
        visible = self._tracker.visible
        few = self._aggregate and len(visible) < self._config.privacy.min_people
        self._view.show(frame, () if few else visible)
        self._send_snapshot()

    def idle(self) -> None:
        """Notice faces that are lost because the camera gives no frames, or none worth a look."""
        if self._live and self._last_frame is not None:
            # What a slow box has not looked at yet is not gone.
            now = self._clock() - self._late
            self._expire(now)
            self._tell_state(now, time.time())
            if now - self._last_frame.captured > self._config.track.lost_seconds:
                self._view.clear()

    def close(self) -> None:
        """Say of everyone present that they are lost: nobody will see them go."""
        self._expire(math.inf)
        self._view.clear()
        if self._last_frame is not None:
            self._tell_state(self._last_frame.time, time.time(), at_once=True)

    def _expire(self, now: float) -> None:
        if self._last_frame is not None:
            self._announce(self._tracker.expire(now), self._last_frame, time.time())

    def _announce(self, events: tuple[Event, ...], frame: Frame, wall: float) -> None:
        for event in () if self._aggregate else events:
            message = self._writer.event(event, frame, wall)
            self._mqtt.publish_event(f"{self._name}/event", message.json_bytes())
            log.info(
                "%s: face %d %s: %s",
                self._name,
                message.face.track,
                message.event,
                message.face.label,
            )

    def _tell_faces(self, frame: Frame) -> None:
        tracks, now = self._tracker.tracks, self._clock()
        if tracks and now >= self._next_faces and not self._aggregate:
            self._next_faces = now + 1 / self._config.publish.rate_hz
            message = self._writer.faces(tracks, frame)
            self._mqtt.publish(f"{self._name}/faces", message.json_bytes())

    def _tell_state(self, time_: float, wall: float, at_once: bool = False) -> None:
        """Publish the summary: a change of who is there at once, times as they add up."""
        tracks, now = self._tracker.tracks, self._clock()
        labels = sorted(track.label for track in tracks)
        if labels == self._last_state and now < self._next_state and not at_once:
            return
        self._last_state, self._next_state = labels, now + self._config.publish.state_seconds
        minute, hour = (self._tally.seconds(time_, window) for window in (MINUTE, HOUR))
        message = self._writer.state(tracks, minute, hour, wall)
        self._mqtt.publish_retained(f"{self._name}/state", message.json_bytes())

    def _send_snapshot(self) -> None:
        seconds, now = self._config.publish.snapshot_seconds, self._clock()
        if seconds is None or now < self._next_snapshot or self._config.privacy.mode != "full":
            return
        self._next_snapshot = now + seconds
        picture = self._view.jpeg(after=0, timeout=0.0)
        if picture is not None:
            self._mqtt.publish(f"{self._name}/snapshot", picture[1], "image/jpeg")
