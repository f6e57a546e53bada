"""All of ``config.yaml``: unknown keys are refused, and every default is here and beside."""

from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, PrivateAttr, model_validator

from edge.config.camera import (
    CAMERA_SECTIONS,
    CameraConfig,
    CaptureConfig,
    ClassifyConfig,
    DetectConfig,
    PrivacyConfig,
    PublishConfig,
    StreamConfig,
    TrackConfig,
)
from edge.config.log import LogConfig
from edge.config.mqtt import MqttConfig
from edge.config.section import Section
from edge.config.web import WebConfig

NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
"""Names of nodes and cameras: they become parts of topics, URLs and labels."""

SECTIONS: Final = (*CAMERA_SECTIONS, "mqtt", "web", "log")
"""Of the file; each may be empty."""

Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=64)]


class Config(Section):
    """All of ``config.yaml``."""

    node: Name = "box-1"
    capture: CaptureConfig = CaptureConfig()
    detect: DetectConfig = DetectConfig()
    classify: ClassifyConfig = ClassifyConfig()
    track: TrackConfig = TrackConfig()
    publish: PublishConfig = PublishConfig()
    privacy: PrivacyConfig = PrivacyConfig()
    stream: StreamConfig = StreamConfig()
    mqtt: MqttConfig = MqttConfig()
    web: WebConfig = WebConfig()
    log: LogConfig = LogConfig()
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
        empty = [name for name in SECTIONS if name in values and values[name] is None]
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
