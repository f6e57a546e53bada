"""From tracks, events and connections to the messages of a camera."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from edge.capture.health import Connection
from edge.control import Switches
from edge.emotions import Label
from edge.privacy import Privacy
from edge.publish.messages import (
    ConnectionMessage,
    ControlMessage,
    EventMessage,
    FaceMessage,
    FacesMessage,
    ModelMessage,
    StateMessage,
)
from edge.records import Box, Event, Frame, Track, by_emotion


class MessageWriter:
    """Makes the messages of one camera, and leaves out of them what privacy asks for.

    Parameters
    ----------
    node, camera
        Where the messages come from.
    privacy
        How much of people they may tell.
    run
        When this run of the camera began, in seconds since the epoch.
    """

    def __init__(
        self, node: str, camera: str, privacy: Privacy | None = None, run: float = 0.0
    ) -> None:
        self._node = node
        self.camera = camera
        self._privacy = privacy or Privacy()
        self._run = _utc(run)
        self.model = ModelMessage(name="", sha256="")
        """The model that reads the emotions."""
        self._events = 0

    def event(self, event: Event, frame: Frame, wall: float) -> EventMessage:
        """Describe an event of the tracker at `wall` seconds since the epoch."""
        self._events += 1
        return EventMessage(
            **self._who(wall),
            run=self._run,
            number=self._events,
            event=event.kind,
            face=self._face(event.track, frame.size),
            previous=event.previous,
            duration=round(max(0.0, event.duration), 3),
            frame=frame.size,
            model=self.model,
        )

    def faces(self, tracks: Sequence[Track], frame: Frame, wall: float) -> FacesMessage:
        """Describe everyone present."""
        faces = tuple(self._face(track, frame.size) for track in tracks)
        return FacesMessage(**self._who(wall), frame=frame.size, faces=faces)

    def state(
        self,
        tracks: Sequence[Track],
        minute: dict[Label, float],
        hour: dict[Label, float],
        wall: float,
    ) -> StateMessage:
        """Summarize who is present, with the seconds of the last minute and hour."""
        counts = Counter(track.label for track in tracks)
        dominant = counts.most_common(1)[0][0] if counts else None
        sure = [track.confidence for track in tracks if track.label == dominant]
        groups, few = not self._privacy.individuals, not self._privacy.may_count(len(tracks))
        return StateMessage(
            **self._who(wall),
            faces=None if few else len(tracks),
            labels=None if few else dict(counts),
            emotion=None if groups else dominant,
            confidence=None if groups or not sure else round(sum(sure) / len(sure), 4),
            last_minute=None if groups else minute,
            last_hour=None if groups else hour,
        )

    def control(self, switches: Switches, wall: float) -> ControlMessage:
        """Tell how the switches stand."""
        return ControlMessage(**self._who(wall), paused=switches.paused, detector=switches.detector)

    def connection(self, connection: Connection, fps: float, wall: float) -> ConnectionMessage:
        """Describe the camera's connection."""
        return ConnectionMessage(**self._who(wall), fps=round(fps, 1), **connection.describe())

    def _who(self, wall: float) -> dict[str, Any]:
        return {"node": self._node, "camera": self.camera, "time": _utc(wall)}

    def _face(self, track: Track, size: tuple[int, int]) -> FaceMessage:
        shown = self._privacy.places
        return FaceMessage(
            track=track.id,
            box=_pixels(track.box) if shown else None,
            box_fraction=_fractions(track.box, size) if shown else None,
            label=track.label,
            confidence=round(track.confidence, 4),
            probabilities=by_emotion(track.probabilities),
            since=_utc(track.since_wall),
        )


def _utc(wall: float) -> datetime:
    return datetime.fromtimestamp(wall, UTC)


def _pixels(box: Box) -> tuple[int, int, int, int]:
    return box.x, box.y, box.width, box.height


def _fractions(box: Box, size: tuple[int, int]) -> tuple[float, float, float, float]:
    width, height = size
    return (
        round(box.x / width, 4),
        round(box.y / height, 4),
        round(box.width / width, 4),
        round(box.height / height, 4),
    )
