"""The typed model of ``config.yaml``, and how the file is read."""

from edge.config.camera import (
    CameraConfig,
    CaptureConfig,
    ClassifyConfig,
    DetectConfig,
    LibraryConfig,
    PrivacyConfig,
    PublishConfig,
    StreamConfig,
    TrackConfig,
)
from edge.config.log import LogConfig
from edge.config.model import Config
from edge.config.mqtt import MqttConfig, OutboxConfig, TlsConfig
from edge.config.web import WebConfig, WebTlsConfig

__all__ = [
    "CameraConfig",
    "CaptureConfig",
    "ClassifyConfig",
    "Config",
    "DetectConfig",
    "LibraryConfig",
    "LogConfig",
    "MqttConfig",
    "OutboxConfig",
    "PrivacyConfig",
    "PublishConfig",
    "StreamConfig",
    "TlsConfig",
    "TrackConfig",
    "WebConfig",
    "WebTlsConfig",
]
