"""What Prometheus reads: counters, histograms and frame rates, by camera and stage."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

from edge.classify.engine import Engine
from edge.classify.model import ModelDescription
from edge.emotions import LABELS, Label
from edge.records import Frame

STAGES: Final = ("capture", "detect", "classify", "publish")

DROPS: Final = {
    "capture": ("corrupt", "blank", "fps"),
    "detect": ("overflow", "age", "paused"),
    "classify": ("age", "paused"),
    "publish": ("paused",),
}
"""Why frames never reach a stage: damaged on the way, without any content, more than
``capture.fps``, more than detection can take, older than ``capture.max_age_seconds``, paused by
command."""

MQTT_DROPS: Final = ("overflow", "disconnected", "refused", "shutdown", "privacy")
"""Why messages are lost: the outbox is full, present faces without a broker, the broker does not
take them, the daemon ended before they went out, ``privacy.mode`` was made stricter."""

MQTT_CONNECT_FAILURES: Final = ("unreachable", "timeout", "tls", "refused", "protocol")
"""Why there is no connection: nobody there, no answer, no trust, no entry, no MQTT."""

_SECONDS: Final = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5,
)  # fmt: skip


class RateMeter:
    """Events a second over the last few seconds; falls to 0 when nothing comes any more."""

    def __init__(self, window: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._window = window
        self._clock = clock
        self._began = clock()
        self._events: deque[tuple[float, float]] = deque()
        self._lock = threading.Lock()

    def tick(self, value: float = 0.0) -> None:
        """Count an event now, with a figure of its own."""
        with self._lock:
            self._events.append((self._clock(), value))
            self._forget()

    def rate(self) -> float:
        """Return events a second over the window, or since the start if that is shorter."""
        with self._lock:
            self._forget()
            span = min(self._window, self._clock() - self._began)
            return len(self._events) / span if span > 0 else 0.0

    def mean(self) -> float | None:
        """Return the mean figure of the events in the window; None without any."""
        with self._lock:
            self._forget()
            if not self._events:
                return None
            return sum(value for _, value in self._events) / len(self._events)

    def _forget(self) -> None:
        oldest = self._clock() - self._window
        while self._events and self._events[0][0] <= oldest:
            self._events.popleft()


class Metrics:
    """All metrics of the daemon, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        disable_created_metrics()
        camera = ("camera",)
        stage = ("camera", "stage")

        def counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
            return Counter(f"edge_fer_{name}", text, labels, registry=self.registry)

        def gauge(name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
            return Gauge(f"edge_fer_{name}", text, labels, registry=self.registry)

        def seconds(name: str, text: str, labels: tuple[str, ...]) -> Histogram:
            full = f"edge_fer_{name}_seconds"
            return Histogram(full, text, labels, registry=self.registry, buckets=_SECONDS)

        self.captured = counter("frames_captured", "Frames that the source gave.", camera)
        self.processed = counter("frames_processed", "Frames that a stage finished.", stage)
        self.dropped = counter(
            "frames_dropped", "Frames that never reached a stage, and why.", (*stage, "reason")
        )
        self.unscanned = counter(
            "frames_unscanned", "Frames between two scans for faces: tracks bridge them.", camera
        )
        self.fps = gauge("fps", "Frames a second over the last 5 s.", stage)
        self.stage_seconds = seconds("stage", "Time that a stage spends on a frame.", stage)
        self.inference = seconds("inference", "Time of the CNN for one face.", camera)
        self.latency = seconds("latency", "From capture to the end of publishing.", camera)
        self.faces = gauge("faces", "Faces that are present.", camera)
        self.emotions = counter(
            "emotions", "Labels of present faces, one a face and frame.", (*camera, "emotion")
        )
        self.restarts = counter("pipeline_restarts", "Restarts after a stage died.", camera)
        self.mqtt_connected = gauge("mqtt_connected", "1 while the broker accepts us.")
        self.mqtt_messages = counter("mqtt_messages", "Messages handed to the MQTT client.")
        self.mqtt_dropped = counter(
            "mqtt_dropped",
            "Messages that are lost: events by overflow of the outbox, refused by the broker, at "
            "shutdown or for privacy; disconnected are messages of the moment, without a broker.",
            ("reason",),
        )
        self.mqtt_outbox_messages = gauge("mqtt_outbox_messages", "Events not yet acknowledged.")
        self.mqtt_outbox_bytes = gauge("mqtt_outbox_bytes", "The size of these events.")
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

    def camera(self, name: str, individuals: bool = True) -> "CameraMetrics":
        """Return the metrics of one camera, all of them present from the start.

        Without `individuals` nothing counts single faces.
        """
        return CameraMetrics(self, name, individuals)


class CameraMetrics:
    """The metrics of one camera; every method may be called from any thread."""

    def __init__(self, metrics: Metrics, camera: str, individuals: bool = True) -> None:
        self.camera = camera
        self._individuals = individuals
        self._unscanned = metrics.unscanned.labels(camera)
        self._metrics = metrics
        self._meters = {stage: RateMeter() for stage in (*STAGES, "pipeline")}
        for stage, meter in self._meters.items():
            metrics.fps.labels(camera, stage).set_function(meter.rate)
        self._captured = metrics.captured.labels(camera)
        self._processed = {stage: metrics.processed.labels(camera, stage) for stage in STAGES}
        self._seconds = {stage: metrics.stage_seconds.labels(camera, stage) for stage in STAGES}
        self._latency = metrics.latency.labels(camera)
        self._faces = metrics.faces.labels(camera)
        self._emotions = {e: metrics.emotions.labels(camera, e) for e in LABELS}
        self._dropped = {
            (stage, reason): metrics.dropped.labels(camera, stage, reason)
            for stage, reasons in DROPS.items()
            for reason in reasons
        }
        self._inference = metrics.inference.labels(camera)
        self._delegate_failures = metrics.delegate_failures.labels(camera)
        self._model: tuple[str, ...] | None = None
        self.restarts = metrics.restarts.labels(camera)
        self.viewers = metrics.viewers.labels(camera)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage's work on a frame; it counts as processed when that ends well."""
        start = time.perf_counter()
        yield
        self.worked(name, time.perf_counter() - start)

    def worked(self, name: str, seconds: float) -> None:
        """Count a frame that a stage has finished."""
        if self._individuals or name != "classify":  # that takes as long as there are faces
            self._seconds[name].observe(seconds)
        self._processed[name].inc()
        self._meters[name].tick()

    def present(self, labels: Sequence[Label]) -> None:
        """Take the labels of all who are present in a frame."""
        self._faces.set(len(labels))
        for label in labels:
            self._emotions[label].inc()

    def unscanned(self) -> None:
        """Count a frame that tracks were carried over."""
        self._unscanned.inc()

    def captured(self) -> None:
        """Count a frame that the source gave."""
        self._captured.inc()

    def dropped(self, stage: str, reason: str, frames: int = 1) -> None:
        """Count frames that never reached a stage; `DROPS` has the reasons."""
        self._dropped[stage, reason].inc(frames)

    def published(self, frame: Frame, now: float) -> None:
        """Count a frame that went all the way; `now` is monotonic."""
        latency = now - frame.captured
        self._meters["pipeline"].tick(latency)
        self._latency.observe(latency)

    def inference(self, seconds: float) -> None:
        """Take the time of the CNN for one face."""
        if self._individuals:
            self._inference.observe(seconds)

    def engine(self, model: ModelDescription, engine: Engine) -> None:
        """Tell which model runs, and on what."""
        if engine.failed:
            self._delegate_failures.inc()
        info = self._metrics.model_info
        if self._model is not None:
            info.remove(*self._model)
        self._model = (
            self.camera, model.name, model.quantization, model.sha256,
            engine.runtime, engine.delegate, engine.adapter,
        )  # fmt: skip
        info.labels(*self._model).set(1)

    def model(self) -> dict[str, str] | None:
        """Return what `engine` told: the labels of ``edge_fer_model_info`` but for the camera."""
        if self._model is None:
            return None
        names = ("name", "quantization", "sha256", "runtime", "delegate", "adapter")
        return dict(zip(names, self._model[1:], strict=True))

    def fps(self) -> float:
        """Return frames a second that went all the way, over the last 5 s."""
        return self._meters["pipeline"].rate()

    def latency(self) -> float | None:
        """Return the mean seconds from capture to the end of publishing, over the last 5 s."""
        return self._meters["pipeline"].mean()
