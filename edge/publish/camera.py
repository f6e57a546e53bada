"""The last stage of a camera: tracks, MQTT messages and the annotated picture."""

import logging
import math
import time
from collections.abc import Callable, Sequence

from edge.capture.state import SourceState
from edge.config import CameraConfig
from edge.emotions import Label
from edge.mqtt import MqttPublisher
from edge.privacy import Privacy
from edge.publish.found_places import FoundPlaces
from edge.publish.writer import MessageWriter
from edge.records import Box, Event, Frame, Observation, Track
from edge.track import Tracker
from edge.track.tally import HOUR, MINUTE
from edge.web.picture.view import CameraView

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
        self._config = config.publish
        self._privacy = Privacy(config.privacy)
        self._writer = writer
        self._mqtt = mqtt
        self._view = view
        self._live = live
        self._clock = clock
        self._tracker = tracker
        self._found = FoundPlaces()
        self._late = 0.0
        self._next_faces = self._next_state = self._next_snapshot = -math.inf
        self._last_frame: Frame | None = None
        self._last_state: tuple[Label, ...] | None = None
        self._anyone = False
        self._paused = False

    def accept(self, observation: Observation) -> None:
        """Take the next frame: events at once, the rest at its configured rate."""
        frame, last = observation.frame, self._last_frame
        if last is not None and last.size != frame.size:
            self._expire(math.inf)  # places in one picture say nothing of the other
            self._found = FoundPlaces()
        self._last_frame, self._paused = frame, False
        self._late = max(0.0, self._clock() - frame.captured)
        self._announce(self._tracker.update(observation), frame, frame.wall)
        tracks = self._tracker.tracks
        self._tell_faces(tracks, frame, frame.wall)
        self._tell_state(tracks, frame.time, frame.wall)
        self._view.show(frame, self._tracker.visible, self._places(observation))
        self._send_snapshot()

    def idle(self) -> None:
        """Notice faces that are lost because the camera gives no frames, or none worth a look."""
        if self._view.paused:
            self._pause()
            return
        # What a slow box has not looked at yet is not gone.
        now = self._clock() - self._late
        if self._live:
            self._expire(now)
            last = self._last_frame
            if last is not None and (
                now - last.captured > self._tracker.patience
                or self._view.connection.state is not SourceState.ONLINE
            ):
                self._view.clear()
        if self._live or self._last_frame is None:
            self._tell_state(self._tracker.tracks, now, time.time())

    def close(self) -> None:
        """Say of everyone present that they are lost: nobody will see them go."""
        self._expire(math.inf)
        self._view.clear()
        if self._last_frame is not None:
            self._next_state = -math.inf
            self._tell_state((), self._last_frame.time, time.time())

    def _places(self, observation: Observation) -> tuple[Box, ...] | None:
        """Return where to blur a frame, doubtful faces too; None if nobody looked for them."""
        if not self._view.pictures.blurs:
            return ()
        if observation.readings is None or not observation.looked:
            return None
        found = [reading.box for reading in observation.readings]
        self._found.add((*found, *observation.others), observation.frame.time)
        return (*self._found.places(self._tracker.patience), *self._tracker.places)

    def _pause(self) -> None:
        """Forget everyone, once, and let the last picture be the dark one."""
        if self._paused:
            return
        self._paused = True
        self._view.blank("paused")  # if the command has not come so far yet
        self._expire(math.inf)
        if self._last_frame is not None:
            moment = self._clock() - self._late if self._live else self._last_frame.time
            self._tell_state((), moment, time.time())
        self._next_snapshot = -math.inf
        self._send_snapshot()

    def _expire(self, now: float) -> None:
        if self._last_frame is not None:
            self._announce(self._tracker.expire(now), self._last_frame, time.time())
            if not self._tracker.tracks:
                self._tell_faces((), self._last_frame, time.time())

    def _announce(self, events: tuple[Event, ...], frame: Frame, wall: float) -> None:
        for event in events if self._privacy.individuals else ():
            message = self._writer.event(event, frame, wall)
            self._mqtt.publish_event(f"{self._name}/event", message.json_bytes())
            self._view.announce(message)
            # Visits of the anonymous need not stand in a journal.
            level = logging.INFO if self._privacy.places else logging.DEBUG
            face = message.face
            log.log(level, "%s: face %d %s: %s", self._name, face.track, event.kind, face.label)

    def _tell_faces(self, tracks: Sequence[Track], frame: Frame, wall: float) -> None:
        now = self._clock()
        due = now >= self._next_faces if tracks else self._anyone
        if due and self._privacy.individuals:
            self._next_faces = now + 1 / self._config.rate_hz
            message = self._writer.faces(tracks, frame, wall)
            self._mqtt.publish(f"{self._name}/faces", message.json_bytes())
        self._anyone = bool(tracks)

    def _tell_state(self, tracks: Sequence[Track], moment: float, wall: float) -> None:
        """Publish the summary: a change of who is there at once, times as they add up."""
        now, labels = self._clock(), sorted(track.label for track in tracks)
        # When a message comes must tell no more than the message itself.
        told = tuple(labels) if self._privacy.may_count(len(labels)) else None
        if now < self._next_state and told == self._last_state:
            return
        self._last_state, self._next_state = told, now + self._config.state_seconds
        minute, hour = (self._tracker.tally.seconds(moment, span) for span in (MINUTE, HOUR))
        message = self._writer.state(tracks, minute, hour, wall)
        self._mqtt.publish_retained(f"{self._name}/state", message.json_bytes())

    def _send_snapshot(self) -> None:
        seconds, now = self._config.snapshot_seconds, self._clock()
        if seconds is None or now < self._next_snapshot or not self._privacy.places:
            return
        self._next_snapshot = now + seconds
        picture = self._view.pictures.newest
        if picture is not None:
            self._mqtt.publish_picture(f"{self._name}/snapshot", picture.jpeg())
