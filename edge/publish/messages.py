"""The JSON messages on MQTT; their JSON Schema files lie in ``schemas/``.

``python -m edge.publish.messages`` writes the schema files anew.
"""

import json
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from edge.emotions import Emotion, Label

SCHEMAS: Final = Path(__file__).parent / "schemas"
SCHEMA_VERSION: Final = 2

Fraction = Annotated[float, Field(ge=0, le=1)]
Pixels = Annotated[int, Field(ge=1)]


class Message(BaseModel):
    """What every message says: who, and when (RFC 3339, UTC)."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)

    schema_version: Literal[2] = SCHEMA_VERSION
    node: str
    camera: str
    time: AwareDatetime

    def json_bytes(self) -> bytes:
        """Return the message as it goes out."""
        return self.model_dump_json().encode()


class FaceMessage(BaseModel):
    """A face that is present.

    `track` is the same for as long as the face stays. `box` is x, y, width, height in pixels of the
    frame, and may reach beyond it; `box_fraction` the same as fractions of the frame; both are
    null in privacy mode ``anonymous``. `probabilities` are smoothed over time and add up to 1;
    `label` is what is steadily shown, or ``uncertain``; `confidence` is its probability, while
    uncertain that of the most probable emotion. `since` is when the face began to show `label`.
    """

    model_config = ConfigDict(extra="forbid")

    track: Annotated[int, Field(ge=1)]
    box: tuple[int, int, Pixels, Pixels] | None
    box_fraction: tuple[float, float, float, float] | None
    label: Label
    confidence: Fraction
    probabilities: Annotated[dict[Emotion, Fraction], Field(min_length=7, max_length=7)]
    since: AwareDatetime


class ModelMessage(BaseModel):
    """The model that reads the emotions: its name, and the SHA-256 of its file."""

    model_config = ConfigDict(extra="forbid")

    name: str
    sha256: str


class EventMessage(Message):
    """``<camera>/event``: a face appeared, changed its label, or was lost.

    `number` counts the events of a camera from 1, without a gap, in one run; `run` is when that
    began: with the daemon, or with a reload that changed the camera. `previous` is the label that
    a change ended; `duration` for how many seconds that, or the label of a face that was lost, had
    been shown; 0 when a face appeared. `frame` is width and height.
    """

    run: AwareDatetime
    number: Annotated[int, Field(ge=1)]
    event: Literal["appeared", "changed", "lost"]
    face: FaceMessage
    previous: Label | None
    duration: Annotated[float, Field(ge=0)]
    frame: tuple[Pixels, Pixels]
    model: ModelMessage


class FacesMessage(Message):
    """``<camera>/faces``: everyone who is present, a few times a second while anyone is.

    Faces that were missed for a moment are among them, where they should be by now. One message
    without faces follows when the last one has gone.
    """

    frame: tuple[Pixels, Pixels]
    faces: tuple[FaceMessage, ...]


class StateMessage(Message):
    """``<camera>/state``, retained: how many faces there are, and what they show and showed.

    `emotion` is the label that most of them show, null while there is no face, and `confidence`
    their mean confidence in it. `labels` says how many show each. `last_minute` and `last_hour`
    are seconds, added up over faces. In privacy mode ``aggregate`` all but `faces` and `labels`
    are null, and these two as well while fewer than ``privacy.min_people`` are present.
    """

    faces: Annotated[int, Field(ge=0)] | None
    labels: dict[Label, Annotated[int, Field(ge=1)]] | None
    emotion: Label | None
    confidence: Fraction | None
    last_minute: dict[Label, Annotated[float, Field(ge=0)]] | None
    last_hour: dict[Label, Annotated[float, Field(ge=0)]] | None


class ControlMessage(Message):
    """``<camera>/control``, retained: how the switches stand that ``<camera>/set`` turns."""

    paused: bool
    detector: bool


class ConnectionMessage(Message):
    """``<camera>/connection``, retained: how the camera's connection is and was.

    `since` is when `status` began, `fps` the frames a second that went all the way of late,
    `last_frame_age` the seconds since the newest frame, null
    before any, `offline_seconds` those without frames since the daemon began. The rest is of the
    last hour, or of the time since it was first opened: `online` the share
    of it with frames, `quality` ``good`` from 0.99 of it, ``fair`` from 0.9.
    """

    status: Literal["starting", "online", "stalled", "reconnecting", "offline", "ended"]
    since: AwareDatetime
    fps: Annotated[float, Field(ge=0)]
    last_frame_age: Annotated[float, Field(ge=0)] | None
    quality: Literal["good", "fair", "poor"]
    online: Fraction
    reconnects: Annotated[int, Field(ge=0)]
    stalls: Annotated[int, Field(ge=0)]
    offline_seconds: Annotated[float, Field(ge=0)]


def schemas() -> dict[str, str]:
    """Return the JSON Schema of every message, by file name."""
    kinds: dict[str, type[Message]] = {
        "event": EventMessage,
        "faces": FacesMessage,
        "state": StateMessage,
        "control": ControlMessage,
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
