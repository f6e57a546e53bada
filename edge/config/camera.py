"""The sections that every camera has, by itself or from the global ones."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    model_validator,
)

from edge.config.section import Section

Seconds = Annotated[float, Field(gt=0, le=3600)]
Fraction = Annotated[float, Field(ge=0, le=1)]
FOURCC_PATTERN: Final = r"^[ -~]{4}$"
"""Of a pixel format."""

_LEAST_AREA: Final = 0.0001
"""Of a polygon, as a part of the frame."""

Score = Annotated[float, Field(ge=0.05, le=0.95)]


def _as_polygons(value: Any) -> Any:
    """Take one polygon for a list of one, and say what a corner is where it is none."""
    polygons = value if isinstance(value, (list, tuple)) else [value]
    if polygons and _is_corner(polygons[0]):
        polygons = [polygons]
    for polygon in polygons:
        for corner in polygon if isinstance(polygon, (list, tuple)) else [polygon]:
            if not _is_corner(corner) or not all(0 <= part <= 1 for part in corner):
                raise ValueError(
                    f"a corner is [x, y] in parts of the picture, 0 to 1, not {corner}"
                )
    return polygons


def _is_corner(value: Any) -> bool:
    numbers = isinstance(value, (list, tuple)) and all(isinstance(n, (int, float)) for n in value)
    return numbers and len(value) == 2  # noqa: PLR2004 - x and y


def _has_area(corners: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """Refuse a polygon of nothing (the shoelace formula), which would silence a camera."""
    following = (*corners[1:], *corners[:1])
    area = sum(x * b - a * y for (x, y), (a, b) in zip(corners, following, strict=True)) / 2
    if abs(area) < _LEAST_AREA:
        raise ValueError("its corners lie on a line, or its sides cross: name them in turn")
    return corners


Polygon = Annotated[
    tuple[tuple[Fraction, Fraction], ...],
    Field(min_length=3, max_length=1000),
    AfterValidator(_has_area),
]
Polygons = Annotated[tuple[Polygon, ...], BeforeValidator(_as_polygons)]
"""Corners as fractions of the frame's width and height, from its top left."""

CAMERA_SECTIONS: Final = (
    "capture",
    "detect",
    "classify",
    "track",
    "publish",
    "privacy",
    "stream",
)
"""Sections that a camera may override."""


class CaptureConfig(Section):
    """How frames are fetched."""

    stall_seconds: Seconds = Field(10.0, description="Without a frame for this long, reconnect.")
    max_age_seconds: Seconds = Field(
        2.0, description="A camera's frame older than this is dropped before work is spent on it."
    )
    fps: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        None, description="Frames a second to look at; null: all. The others are skipped."
    )
    transport: Literal["tcp", "udp"] = Field("tcp", description="Of RTSP.")
    realtime: bool = Field(False, description="Play a video file at its own speed, as a camera.")
    loop: bool = Field(False, description="Begin a video file anew after its end.")
    width: Annotated[int, Field(ge=16, le=16384)] | None = Field(
        None, description="What a webcam is asked for, as the next two; null leaves it as it is."
    )
    height: Annotated[int, Field(ge=16, le=16384)] | None = None
    fourcc: Annotated[str, Field(pattern=FOURCC_PATTERN)] | None = Field(
        None, description="A pixel format such as MJPG: large pictures over USB 2 need it."
    )


class DetectConfig(Section):
    """How faces are found."""

    kind: Literal["haar", "dlib"] = Field("haar", description="The detector.")
    width: Annotated[int, Field(ge=64, le=4096)] | None = Field(
        None, description="Scan frames at this width; null: 800 for haar, 640 for dlib."
    )
    every: int = Field(1, ge=1, le=100, description="Scan every n-th frame; tracks bridge the gap.")
    rescan_seconds: float = Field(
        0.4,
        ge=0,
        le=10,
        description=(
            "Between scans of all of the frame; until then around the faces in it, half of it "
            "while nobody is there. 0: all of every frame."
        ),
    )
    idle_fps: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        5.0, description="Frames a second to scan at most after 5 s without a face; null: as ever."
    )
    min_score: Score = Field(
        0.35, description="Less likely faces are no faces; 0.5 is the detector's own measure."
    )
    min_size: int = Field(0, ge=0, le=10000, description="Narrower faces are left out; pixels.")
    include: Polygons = Field((), description="Faces count here only; empty: everywhere")
    mask: Polygons = Field((), description="Faces here never count.")


class LibraryConfig(Section):
    """A TFLite delegate in a shared library of its own."""

    library: Annotated[str, Field(min_length=1)] = Field(description="The path of the .so file.")
    options: dict[str, str | bool | int | float] = Field(
        default_factory=dict, description="What the library's own documentation offers."
    )

    @property
    def texts(self) -> dict[str, str]:
        """The options as the library takes them."""
        return {
            key: str(value).lower() if isinstance(value, bool) else str(value)
            for key, value in self.options.items()
        }


# A tag in angle brackets says which member of a union was meant; errors leave it out.
Delegate = Annotated[
    Annotated[Literal["auto", "cpu", "gpu"], Tag("<name>")]
    | Annotated[LibraryConfig, Tag("<library>")],
    Discriminator(lambda given: "<library>" if isinstance(given, (dict, Section)) else "<name>"),
]


class ClassifyConfig(Section):
    """How emotions are read."""

    model: str = Field(
        "fer-edge-votes-int8", description="A shipped model, or the path of a .tflite."
    )
    runtime: Literal["auto", "litert", "tflite-runtime"] = Field(
        "auto", description="Whose TFLite; auto: LiteRT where it is installed."
    )
    delegate: Delegate = Field(
        "auto",
        description="What runs the CNN; auto: a real GPU where it is right and faster, or the CPU.",
    )
    threads: int = Field(1, ge=1, le=64, description="CPU threads of an interpreter.")
    fps: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        10.0,
        description="Readings a second of each face, which shows its last between them; null: all.",
    )


class TrackConfig(Section):
    """Which faces are the same person, and what they are said to show."""

    lost_seconds: Seconds = Field(1.0, description="A face unseen for this long is lost.")
    start_score: Score = Field(
        0.5, description="A face must be this likely to begin a track; Haar ends at 0.95."
    )
    min_hits: int = Field(
        3, ge=1, le=100, description="A face is announced when it was seen in this many scans."
    )
    half_life_seconds: Seconds = Field(
        0.25, description="The share of what a face showed this long ago in its label is one half."
    )
    min_hold_seconds: float = Field(
        0.5, ge=0, le=60, description="A new label must lead for this long to be an event"
    )
    margin: Fraction = Field(0.1, description="and by this much.")
    min_confidence: Fraction = Field(
        0.4, description="Below it a face is uncertain; 0: never for this reason."
    )
    min_quality: Fraction = Field(
        0.25, description="The same for a face that is small, blurred or turned."
    )


class PublishConfig(Section):
    """What goes out over MQTT."""

    rate_hz: float = Field(2.0, gt=0, le=60, description="Messages a second about present faces.")
    state_seconds: Seconds = Field(10.0, description="Between summaries while they change.")
    snapshot_seconds: Seconds | None = Field(
        None, description="Between pictures over MQTT; null: none."
    )


class PrivacyConfig(Section):
    """How much of people leaves the pipeline."""

    mode: Literal["full", "anonymous", "aggregate"] = Field(
        "full",
        description="anonymous: no boxes, no pictures, numbers drawn by chance; "
        "aggregate: counts only.",
    )
    min_people: int = Field(
        3, ge=2, le=1000, description="In aggregate mode fewer people are not counted at all."
    )


class StreamConfig(Section):
    """The annotated picture."""

    quality: int = Field(80, ge=10, le=100, description="JPEG quality.")
    faces: Literal["show", "blur"] = Field(
        "show", description="blur: every face that is found is made unrecognizable."
    )
    probabilities: bool = Field(False, description="Draw those of all emotions beside a face.")
    fps: bool = Field(False, description="Write frames a second into the picture.")


def _source(value: Any) -> Any:
    number = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if not number and (not isinstance(value, str) or not value):
        raise ValueError(
            "a source is demo, a device, a file, a folder, a URL, or the number of a webcam"
        )
    return value


class CameraConfig(Section):
    """A camera: its source, and its own values for any of the global sections."""

    source: Annotated[int | str, BeforeValidator(_source)] = Field(
        union_mode="left_to_right",
        description="demo, /dev/video0, a number, a video file, a folder of images, "
        "an rtsp:// or http:// URL.",
    )
    username: str | None = Field(None, max_length=1000, description="Of the URL's camera.")
    password: SecretStr | None = Field(None, max_length=1000)
    capture: CaptureConfig
    detect: DetectConfig
    classify: ClassifyConfig
    track: TrackConfig
    publish: PublishConfig
    privacy: PrivacyConfig
    stream: StreamConfig

    @model_validator(mode="after")
    def _login_has_its_url(self) -> Self:
        if self.username is None and self.password is not None:
            raise ValueError("password goes with username")
        if self.username is not None and "://" not in str(self.source):
            raise ValueError("username and password go with a camera on the network")
        return self
