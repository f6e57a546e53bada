"""The JSON messages on MQTT; their JSON Schema files lie in ``schemas/``.

``python -m edge.publish.messages`` writes the schema files anew.
"""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from edge.capture.health import Connection
from edge.emotions import Emotion
from edge.records import Event, Frame, Track

SCHEMAS: Final = Path(__file__).parent / "schemas"
SCHEMA_VERSION: Final = 1

Fraction = Annotated[float, Field(ge=0, le=1)]
Pixels = Annotated[int, Field(ge=1)]


class Message(BaseModel):
    """What every message says: who, and when (RFC 3339, UTC)."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = SCHEMA_VERSION
    node: str
    camera: str
    time: AwareDatetime

    def json_bytes(self) -> bytes:
        """Return the message as it goes out."""
        return self.model_dump_json().encode()


class FaceMessage(BaseModel):
    """A face that is present.

    `box` is x, y, width, height in pixels of the frame; `probabilities` are smoothed over time
    and add up to 1; `label` is the most probable and `confidence` its probability.
    """

    model_config = ConfigDict(extra="forbid")

    track: Annotated[int, Field(ge=1)]
    box: tuple[int, int, Pixels, Pixels]
    label: Emotion
    confidence: Fraction
    probabilities: dict[Emotion, Fraction]


class EventMessage(Message):
    """``<camera>/event``: a face appeared, changed its emotion, or was lost.

    `number` counts the events of a camera from 1 in every run of the daemon. `previous` is the
    label that ended and `duration` the seconds it had lasted; null and 0 when a face appeared.
    `frame` is width and height.
    """

    number: Annotated[int, Field(ge=1)]
    event: Literal["appeared", "changed", "lost"]
    face: FaceMessage
    previous: Emotion | None
    duration: Annotated[float, Field(ge=0)]
    frame: tuple[Pixels, Pixels]
    model: str


class FacesMessage(Message):
    """``<camera>/faces``: everyone who is present, a few times a second while anyone is."""

    frame: tuple[Pixels, Pixels]
    faces: tuple[FaceMessage, ...]


class StateMessage(Message):
    """``<camera>/state``, retained: how many faces there are and what most of them show.

    `emotion` is null while there is no face.
    """

    faces: Annotated[int, Field(ge=0)]
    emotion: Emotion | None


class ConnectionMessage(Message):
    """``<camera>/connection``, retained: how the camera's connection is and was.

    `since` is when `status` began, `last_frame_age` the seconds since the newest frame, null
    before any, `offline_seconds` those without frames since the daemon began. The rest is of the
    last hour, or of the time since it was first opened: `online` the share
    of it with frames, `quality` ``good`` from 0.99 of it, ``fair`` from 0.9.
    """

    status: Literal["starting", "online", "stalled", "reconnecting", "offline", "ended"]
    since: AwareDatetime
    last_frame_age: Annotated[float, Field(ge=0)] | None
    quality: Literal["good", "fair", "poor"]
    online: Fraction
    reconnects: Annotated[int, Field(ge=0)]
    stalls: Annotated[int, Field(ge=0)]
    offline_seconds: Annotated[float, Field(ge=0)]


def face_message(track: Track) -> FaceMessage:
    """Describe a track."""
    reading = track.reading
    box = reading.box
    return FaceMessage(
        track=track.id,
        box=(box.x, box.y, box.width, box.height),
        label=reading.label,
        confidence=round(reading.confidence, 4),
        probabilities=reading.by_emotion(),
    )


class MessageWriter:
    """Makes the messages of one camera.

    Parameters
    ----------
    node, camera
        Where the messages come from.
    """

    def __init__(self, node: str, camera: str) -> None:
        self._node = node
        self.camera = camera
        self.model = ""
        """The name of the model that reads the emotions."""
        self._events = 0

    def event(self, event: Event, frame: Frame, wall: float) -> EventMessage:
        """Describe an event of the tracker at `wall` seconds since the epoch."""
        self._events += 1
        return EventMessage(
            node=self._node,
            camera=self.camera,
            time=_utc(wall),
            number=self._events,
            event=event.kind,
            face=face_message(event.track),
            previous=event.previous,
            duration=round(max(0.0, event.duration), 3),
            frame=frame.size,
            model=self.model,
        )

    def faces(self, tracks: Sequence[Track], frame: Frame) -> FacesMessage:
        """Describe everyone present."""
        return FacesMessage(
            node=self._node,
            camera=self.camera,
            time=_utc(frame.wall),
            frame=frame.size,
            faces=tuple(face_message(track) for track in tracks),
        )

    def state(self, tracks: Sequence[Track], wall: float) -> StateMessage:
        """Summarize who is present."""
        labels = [track.reading.label for track in tracks]
        dominant = Counter(labels).most_common(1)[0][0] if labels else None
        return StateMessage(
            node=self._node,
            camera=self.camera,
            time=_utc(wall),
            faces=len(tracks),
            emotion=dominant,
        )

    def connection(self, connection: Connection, wall: float) -> ConnectionMessage:
        """Describe the camera's connection."""
        return ConnectionMessage(
            node=self._node,
            camera=self.camera,
            time=_utc(wall),
            **connection.describe(),
        )


def _utc(wall: float) -> datetime:
    return datetime.fromtimestamp(wall, UTC)


def schemas() -> dict[str, str]:
    """Return the JSON Schema of every message, by file name."""
    kinds: dict[str, type[Message]] = {
        "event": EventMessage,
        "faces": FacesMessage,
        "state": StateMessage,
        "connection": ConnectionMessage,
    }
    return {
        f"{name}.json": json.dumps(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                **kind.model_json_schema(mode="serialization"),
            },
            indent=2,
        )
        + "\n"
        for name, kind in kinds.items()
    }


if __name__ == "__main__":
    SCHEMAS.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (SCHEMAS / name).write_text(text, encoding="utf-8")
