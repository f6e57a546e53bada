"""The typed model of ``config.yaml``: unknown keys are refused, and every default is here."""

from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    SecretStr,
    Tag,
    model_validator,
)

NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
"""Names of nodes and cameras: they become parts of topics, URLs and labels."""

Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=64)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600)]

CAMERA_SECTIONS: Final = ("capture", "detect", "classify", "track", "publish", "stream")
"""Sections that a camera may override."""


class Section(BaseModel):
    """A part of the configuration: frozen, strict about unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
    fourcc: Annotated[str, Field(pattern=r"^[ -~]{4}$")] | None = Field(
        None, description="A pixel format such as MJPG: large pictures over USB 2 need it."
    )


class DetectConfig(Section):
    """How faces are found."""

    kind: Literal["haar", "dlib"] = Field("haar", description="The detector.")
    width: Annotated[int, Field(ge=64, le=4096)] | None = Field(
        None, description="Scan frames at this width; null: 480 for haar, 640 for dlib."
    )


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


class TrackConfig(Section):
    """Which faces are the same person."""

    lost_seconds: Seconds = Field(1.0, description="A face unseen for this long is lost.")
    min_hits: int = Field(
        3, ge=1, le=100, description="A face is announced when it was seen in this many frames."
    )
    half_life_seconds: Seconds = Field(
        0.5, description="The share of what a face showed this long ago in its label is one half."
    )


class PublishConfig(Section):
    """What goes out over MQTT."""

    rate_hz: float = Field(2.0, gt=0, le=60, description="Messages a second about present faces.")


class StreamConfig(Section):
    """The annotated picture."""

    quality: int = Field(80, ge=10, le=100, description="JPEG quality.")


class CameraConfig(Section):
    """A camera: its source, and its own values for any of the global sections."""

    source: Annotated[str, Field(min_length=1)] | Annotated[int, Field(strict=True, ge=0)] = Field(
        description="demo, /dev/video0, a number, a video file, a folder of images, "
        "an rtsp:// or http:// URL."
    )
    username: str | None = Field(None, max_length=1000, description="Of the URL's camera.")
    password: SecretStr | None = Field(None, max_length=1000)
    capture: CaptureConfig
    detect: DetectConfig
    classify: ClassifyConfig
    track: TrackConfig
    publish: PublishConfig
    stream: StreamConfig

    @model_validator(mode="after")
    def _login_has_its_url(self) -> Self:
        if self.username is None and self.password is not None:
            raise ValueError("password goes with username")
        if self.username is not None and "://" not in str(self.source):
            raise ValueError("username and password go with a camera on the network")
        return self


class MqttConfig(Section):
    """The broker that events go to."""

    broker: str = Field(
        "embedded",
        description="embedded, or a host name or address.",
        pattern=r"^[A-Za-z0-9_:]([A-Za-z0-9_:-]|\.[A-Za-z0-9_:-])*$",
        max_length=253,
    )
    port: Port = 1883
    prefix: str = Field(
        "edge-fer",
        pattern=r"^[A-Za-z0-9_][\w/.-]*$",
        max_length=200,
        description="Before all topics.",
    )
    username: str | None = Field(None, max_length=1000)
    password: SecretStr | None = Field(None, max_length=1000)


class WebConfig(Section):
    """The page, the stream and the metrics."""

    host: Literal["127.0.0.1", "::1"] = Field(
        "127.0.0.1", description="Loopback only: put a proxy with a login in front for more."
    )
    port: Port = 8080
    max_viewers: int = Field(8, ge=1, le=100, description="Streams at the same time.")


class Config(Section):
    """All of ``config.yaml``."""

    node: Name = "box-1"
    capture: CaptureConfig = CaptureConfig()
    detect: DetectConfig = DetectConfig()
    classify: ClassifyConfig = ClassifyConfig()
    track: TrackConfig = TrackConfig()
    publish: PublishConfig = PublishConfig()
    stream: StreamConfig = StreamConfig()
    mqtt: MqttConfig = MqttConfig()
    web: WebConfig = WebConfig()
    cameras: dict[Name, CameraConfig] = Field(min_length=1)

    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """Where ``config.yaml`` lies; relative paths in it start there."""
        return self._folder

    @model_validator(mode="before")
    @classmethod
    def _fill_cameras(cls, values: Any) -> Any:
        """Give every camera the global sections, its own keys laid over them."""
        if not isinstance(values, dict):
            return values
        # A section whose keys are all commented out is a section of defaults.
        empty = [s for s in (*CAMERA_SECTIONS, "mqtt", "web") if s in values and values[s] is None]
        values = {key: value for key, value in values.items() if key not in empty}
        if not isinstance(values.get("cameras"), dict):
            return values
        cameras = {}
        for name, camera in values["cameras"].items():
            cameras[name] = camera
            if isinstance(camera, dict):
                merged = {s: _over(values.get(s), camera.get(s)) for s in CAMERA_SECTIONS}
                cameras[name] = {**camera, **merged}
        return {**values, "cameras": cameras}


def _over(base: Any, own: Any) -> Any:
    """Lay a camera's section over the global one; what is no mapping is left to be refused."""
    if own is None:
        own = {}
    if base is None:
        base = {}
    if isinstance(base, dict) and isinstance(own, dict):
        return {**base, **own}
    return own if not isinstance(own, dict) else base
