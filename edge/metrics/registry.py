"""All metrics of the daemon, in one registry."""

from pathlib import Path
from typing import Final, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from edge.metrics.camera import CameraMetrics
from edge.metrics.labels import MQTT_CONNECT_FAILURES, MQTT_DROPS

_WORK_SECONDS: Final = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5,
)  # fmt: skip
_LATENCY_SECONDS: Final = (0.01, 0.02, 0.04, 0.08, 0.15, 0.25, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10)
"""Finest where people begin to notice, and up to what a large `capture.max_age_seconds` allows."""

_TASKS: Final = Path("/proc/self/task")

Kind = TypeVar("Kind", Counter, Gauge, Histogram)


class Metrics:
    """All metrics of the daemon, and those of its process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        disable_created_metrics()
        ProcessCollector(registry=self.registry)
        camera = ("camera",)
        stage = ("camera", "stage")

        self._of_cameras: list[Counter | Gauge | Histogram] = []

        def counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
            return kept(Counter(f"edge_fer_{name}", text, labels, registry=self.registry), labels)

        def gauge(name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
            return kept(Gauge(f"edge_fer_{name}", text, labels, registry=self.registry), labels)

        def seconds(
            name: str, text: str, labels: tuple[str, ...], buckets: tuple[float, ...]
        ) -> Histogram:
            full = f"edge_fer_{name}_seconds"
            made = Histogram(full, text, labels, registry=self.registry, buckets=buckets)
            return kept(made, labels)

        def kept(metric: Kind, labels: tuple[str, ...]) -> Kind:
            if "camera" in labels:
                self._of_cameras.append(metric)
            return metric

        self.node_info = gauge("node_info", "The box, by its name.", ("node", "version"))
        gauge("threads", "Threads of the process, native ones too.").set_function(_threads)
        self.captured = counter("frames_captured", "Frames that the source gave.", camera)
        self.processed = counter("frames_processed", "Frames that a stage finished.", stage)
        self.dropped = counter(
            "frames_dropped", "Frames that never reached a stage, and why.", (*stage, "reason")
        )
        self.unscanned = counter(
            "frames_unscanned", "Frames between two scans for faces: tracks bridge them.", camera
        )
        self.fps = gauge(
            "fps", "Frames a second over the last 5 s; pipeline: all the way through.", stage
        )
        self.stage_seconds = seconds(
            "stage", "Time that a stage spends on a frame.", stage, _WORK_SECONDS
        )
        self.inference = seconds(
            "inference", "Time of the CNN for one face.", camera, _WORK_SECONDS
        )
        self.latency = seconds(
            "latency", "From capture to the end of publishing.", camera, _LATENCY_SECONDS
        )
        self.faces = gauge("faces", "Faces that are present.", camera)
        self.emotions = counter(
            "emotions", "Labels of present faces, one a face and frame.", (*camera, "emotion")
        )
        self.paused = gauge("paused", "1 while the camera is paused by command.", camera)
        self.detector = gauge("detector_on", "1 unless the detector is off by command.", camera)
        self.restarts = counter("pipeline_restarts", "Restarts after a stage died.", camera)
        self.mqtt_connected = gauge("mqtt_connected", "1 while the broker accepts us.")
        self.mqtt_messages = counter("mqtt_messages", "Messages handed to the MQTT client.")
        self.mqtt_dropped = counter(
            "mqtt_dropped",
            "Messages that are lost, and why.",
            ("reason",),
        )
        self.mqtt_outbox_messages = gauge("mqtt_outbox_messages", "Events not yet acknowledged.")
        self.mqtt_outbox_bytes = gauge(
            "mqtt_outbox_bytes", "Size of the events not yet acknowledged."
        )
        self.mqtt_connect_failures = counter(
            "mqtt_connect_failures", "Attempts to connect that failed, and why.", ("reason",)
        )
        self.mqtt_connections_lost = counter(
            "mqtt_connections_lost", "Connections to the broker that ended unasked."
        )
        for reason in MQTT_DROPS:
            self.mqtt_dropped.labels(reason)
        for reason in MQTT_CONNECT_FAILURES:
            self.mqtt_connect_failures.labels(reason)
        self.viewers = gauge("stream_viewers", "Viewers of the MJPEG stream.", camera)
        self.model_info = gauge(
            "model_info",
            "The model that runs, and what it runs on.",
            (*camera, "model", "quantization", "sha256", "runtime", "delegate", "adapter"),
        )
        self.delegate_failures = counter(
            "delegate_failures", "Delegates that failed while they ran: the CPU took over.", camera
        )

    def node(self, name: str, version: str) -> None:
        """Tell the box's name, by which dashboards show it, and the program's version."""
        self.node_info.labels(name, version).set(1)

    def camera(self, name: str, individuals: bool = True) -> CameraMetrics:
        """Return the metrics of one camera, all of them present from the start.

        Without `individuals` nothing counts single faces.
        """
        camera = CameraMetrics(self, name, individuals)
        camera.show()
        return camera

    def forget(self, camera: str) -> None:
        """Show nothing of a camera any more."""
        for metric in self._of_cameras:
            metric.remove_by_labels({"camera": camera})


def _threads() -> float:
    return float(sum(1 for _ in _TASKS.iterdir()))
