"""What the API answers and takes, as pydantic models: the schemas of its OpenAPI document."""

from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from edge.emotions import Emotion, Label
from edge.publish.messages import EventMessage

MOST_ID: Final = 10**17
"""Of an event; ids are of the order of the milliseconds since 1970."""

NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
Pixels = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Box = tuple[int, int, Pixels, Pixels]
Probabilities = Annotated[dict[Emotion, Fraction], Field(min_length=7, max_length=7)]
Status = Literal["starting", "online", "stalled", "reconnecting", "offline", "ended"]


class Answer(BaseModel):
    """What all models here share."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """Why a request was not granted (RFC 9457); some problems say more."""

    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str = Field("", description="What, where, and what to do.")


class NotReady(Problem):
    """A problem that lists what does not work."""

    missing: list[str] = []


class Version(Answer):
    """Which box this is, and what it runs."""

    version: str
    node: str


class Broker(Answer):
    """Where MQTT messages go to."""

    name: str
    connected: bool


class Model(Answer):
    """The model that reads the emotions, and what it runs on."""

    name: str
    quantization: str
    sha256: str
    runtime: str
    delegate: str
    adapter: str


class Connection(Answer):
    """How a camera's source is and was; as the MQTT message ``<camera>/connection``."""

    status: Status
    since: AwareDatetime
    last_frame_age: NotNegative | None
    quality: Literal["good", "fair", "poor"]
    online: Fraction
    reconnects: Count
    stalls: Count
    offline_seconds: NotNegative


class Face(Answer):
    """A face and what it shows: `box` is x, y, width, height in pixels of the picture."""

    box: Box
    label: Label
    confidence: Fraction
    probabilities: Probabilities


class PresentFace(Face):
    """A face before a camera; `track` and `box` are null where privacy hides them."""

    track: Annotated[int, Field(ge=1)] | None
    box: Box | None  # type: ignore[assignment]  # pydantic's models may widen


class Camera(Answer):
    """How a camera is doing.

    `fps` are frames a second that went all the way, `latency` the seconds that they took;
    `labels` says how many faces show what, null where they are too few to be counted.
    """

    name: str
    status: Status
    fps: NotNegative
    latency: NotNegative | None
    picture: bool
    paused: bool
    detector: bool
    privacy: Literal["full", "anonymous", "aggregate"]
    labels: dict[Label, Annotated[int, Field(ge=1)]] | None
    faces: list[PresentFace]
    connection: Connection
    model: Model | None


class State(Answer):
    """The whole box at one moment."""

    node: str
    version: str
    time: AwareDatetime
    broker: Broker
    cameras: list[Camera]


class Timeline(Answer):
    """What faces showed of late: rows of `step` seconds, oldest first.

    `until` is when the last row ends, `labels` names the columns of `seconds`.
    """

    step: Annotated[int, Field(ge=1)]
    until: AwareDatetime
    labels: list[Label]
    seconds: list[list[NotNegative]]


class History(Answer):
    """Events, oldest first; `last` is what to ask for as `after` next."""

    events: list[EventMessage]
    last: Annotated[int, Field(ge=0, le=MOST_ID)]


class Prediction(Answer):
    """The faces of a picture, from left to right; the picture is upright as EXIF says."""

    width: Pixels
    height: Pixels
    model: Model
    faces: list[Face]


class Settings(BaseModel):
    """``config.yaml`` with all defaults; secrets are stars, URLs end after the host."""

    model_config = ConfigDict(extra="allow")

    node: str
    cameras: dict[str, dict[str, Any]]


class Command(Answer):
    """What a camera is to do."""

    command: Literal["pause", "resume", "detector on", "detector off"]
