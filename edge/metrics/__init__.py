"""What Prometheus reads: counters, histograms and frame rates, by camera and stage.

`docs/metrics.md` is made of it, by ``make metrics-docs``.
"""

from edge.metrics.camera import CameraMetrics
from edge.metrics.labels import (
    DROPS,
    LOGIN_FAILURES,
    MQTT_CONNECT_FAILURES,
    MQTT_DROPS,
    STAGES,
)
from edge.metrics.login import login_failures
from edge.metrics.rate import RateMeter
from edge.metrics.registry import Metrics

__all__ = [
    "DROPS",
    "LOGIN_FAILURES",
    "MQTT_CONNECT_FAILURES",
    "MQTT_DROPS",
    "STAGES",
    "CameraMetrics",
    "Metrics",
    "RateMeter",
    "login_failures",
]
