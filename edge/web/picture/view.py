"""What a camera shows now: its picture, the faces in it, and how it is doing."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from edge.capture.health import Connection, SourceHealth
from edge.capture.state import SourceState
from edge.config import StreamConfig
from edge.control import CameraControl, Switches
from edge.emotions import Label
from edge.metrics import CameraMetrics
from edge.privacy import Privacy
from edge.publish.event_log import EventLog
from edge.publish.messages import EventMessage
from edge.publish.timeline import Timeline
from edge.records import Box, Frame, Showing
from edge.web.picture.pictures import Pictures


class CameraView:
    """What a camera shows now.

    The pipeline calls `show`, which only keeps the frame; `pictures` are drawn for those who ask.

    Parameters
    ----------
    name
        The camera's.
    config
        How the picture is drawn and encoded.
    metrics
        The camera's; counts viewers.
    health
        Of the camera's source.
    control
        The camera's switches: nothing is shown while it is paused.
    privacy
        What may be shown of people.
    events
        Keeps the newest events for those who watch.
    """

    def __init__(
        self,
        name: str,
        config: StreamConfig,
        metrics: CameraMetrics,
        health: SourceHealth,
        control: CameraControl | None = None,
        privacy: Privacy | None = None,
        events: EventLog | None = None,
    ) -> None:
        self.name = name
        self._privacy = privacy or Privacy()
        self._health = health
        self._control = control or CameraControl()
        self._control.listen(self._switched)
        self._events = events or EventLog()
        self._metrics = metrics
        self._showing = threading.Lock()
        self._faces: Sequence[Showing] = ()
        self.pictures = Pictures(config, metrics.fps)
        """What the camera sees, annotated."""
        self.timeline = Timeline()
        """What faces showed of late; empty where privacy counts groups only."""

    @property
    def faces(self) -> list[dict[str, Any]]:
        """Who is present, as JSON, as far as privacy allows."""
        hidden = set() if self._privacy.places else {"box", "track"}
        return [
            {key: value for key, value in face.describe().items() if key not in hidden}
            for face in (self._present if self._privacy.individuals else ())
        ]

    @property
    def labels(self) -> dict[Label, int] | None:
        """How many show what; None for groups that are too small to be counted."""
        present = self._present
        return dict(Counter(f.label for f in present)) if self._countable(present) else None

    @property
    def switches(self) -> Switches:
        """How the camera's switches stand."""
        return self._control.switches

    def obey(self, command: str) -> None:
        """Carry out one of `edge.control.COMMANDS`.

        Raises
        ------
        ValueError
            If it is none of them.
        """
        self._control.obey(command)

    @property
    def paused(self) -> bool:
        """Whether the camera is paused by command."""
        return self._control.paused

    @property
    def shows_pictures(self) -> bool:
        """Whether privacy allows pictures."""
        return self._privacy.places

    @property
    def has_picture(self) -> bool:
        """Whether there is a picture to watch, new or old."""
        return self.pictures.newest is not None

    @property
    def connection(self) -> Connection:
        """How the camera's source is doing."""
        return self._health.connection()

    def describe(self) -> dict[str, Any]:
        """Return how the camera is doing, as the JSON of the API."""
        now, latency = self.connection, self._metrics.latency()
        return {
            "name": self.name,
            "status": now.state.value,
            "fps": round(self._metrics.fps(), 1),
            "latency": None if latency is None else round(latency, 4),
            "picture": self.has_picture,
            "paused": self.switches.paused,
            "detector": self.switches.detector,
            "privacy": self._privacy.mode,
            "labels": self.labels,
            "faces": self.faces,
            "connection": now.describe(),
            "model": self._metrics.model(),
        }

    def clear(self) -> None:
        """Show no faces: nobody is there, or nobody can be seen."""
        with self._showing:
            if self._faces:
                self._faces = ()
                self.pictures.clear()
        self.timeline.interrupt()
        self._metrics.present(())

    def show(
        self, frame: Frame, faces: Sequence[Showing], places: Sequence[Box] | None = ()
    ) -> None:
        """Make `frame` the newest, with all who are present.

        Parameters
        ----------
        frame
            What the camera saw.
        faces
            Whose marks are drawn.
        places
            Where faces are or may be, for the picture to be blurred there; None if nobody looked.
        """
        with self._showing:
            # It may have been on its way when the command came.
            if self._control.paused:
                return
            self._faces = faces
            if self._privacy.places and not self._dark_without_detector:
                self.pictures.show(frame, faces, places)
        if self._privacy.individuals:
            self.timeline.add([face.label for face in faces])
        self._metrics.present([f.label for f in faces] if self._countable(faces) else ())

    def announce(self, event: EventMessage) -> None:
        """Keep an event for those who watch."""
        self._events.add(event)

    def blank(self, text: str) -> None:
        """Show a dark picture with `text` instead of the camera's."""
        with self._showing:
            self._faces = ()
            self.pictures.blank(text)
        self.timeline.interrupt()
        self._metrics.present(())

    @property
    def _dark_without_detector(self) -> bool:
        return self.pictures.blurs and not self._control.switches.detector

    def _switched(self, switches: Switches) -> None:
        if switches.paused:
            self.blank("paused")
        elif self._dark_without_detector:
            self.blank("detector off")

    @property
    def _present(self) -> Sequence[Showing]:
        """Who is there; nobody while the camera gives no frames."""
        return self._faces if self._health.state is SourceState.ONLINE else ()

    def _countable(self, faces: Sequence[Showing]) -> bool:
        return self._privacy.may_count(len(faces))

    @contextmanager
    def viewer(self) -> Iterator[None]:
        """Count a viewer while the block runs."""
        self._metrics.viewers.inc()
        try:
            yield
        finally:
            self._metrics.viewers.dec()
