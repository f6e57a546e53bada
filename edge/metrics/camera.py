"""The metrics of one camera."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from edge.classify.engine import Engine
from edge.classify.model import ModelDescription
from edge.control import Switches
from edge.emotions import LABELS, Label
from edge.metrics.labels import DROPS, STAGES
from edge.metrics.rate import HeldRate, RateMeter
from edge.records import Frame

if TYPE_CHECKING:
    from edge.metrics.registry import Metrics


_GROUP_SECONDS: Final = 20.0
"""How often MQTT tells the frame rate; nobody else shall see it fall as somebody comes in."""

_TELLING: Final = {"detect", "classify", "publish"}
"""Stages that take as long as there are faces."""


class CameraMetrics:
    """The metrics of one camera; every method may be called from any thread.

    Parameters
    ----------
    metrics
        Of the daemon.
    camera
        Its name.
    individuals
        Whether anything may be told of a single person. Every face takes its time: if not, times
        and frame rates of the moment, which would count faces, are left out or held.
    """

    def __init__(self, metrics: "Metrics", camera: str, individuals: bool = True) -> None:
        self.camera = camera
        self._individuals = individuals
        self._unscanned = metrics.unscanned.labels(camera)
        self._metrics = metrics
        self._meters = {stage: RateMeter() for stage in (*STAGES, "pipeline")}
        self._rates: dict[str, Callable[[], float]] = {
            stage: meter.rate if individuals else HeldRate(meter.rate, _GROUP_SECONDS)
            for stage, meter in self._meters.items()
        }
        self._shown = False
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

    def show(self) -> None:
        """Let what only one can tell be ours from now on, and no other's of this camera's name."""
        self._shown = True
        for stage, rate in self._rates.items():
            self._metrics.fps.labels(self.camera, stage).set_function(rate)
        self.switched(Switches())
        if self._model is not None:
            self._show_model(self._model)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage's work on a frame; it counts as processed when that ends well."""
        start = time.perf_counter()
        yield
        self.worked(name, time.perf_counter() - start)

    def worked(self, name: str, seconds: float) -> None:
        """Count a frame that a stage has finished."""
        if self._individuals or name not in _TELLING:
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
        if self._individuals:
            self._latency.observe(latency)

    def inference(self, seconds: float) -> None:
        """Take the time of the CNN for one face."""
        if self._individuals:
            self._inference.observe(seconds)

    def switched(self, switches: Switches) -> None:
        """Tell how the camera's switches stand."""
        self._metrics.paused.labels(self.camera).set(switches.paused)
        self._metrics.detector.labels(self.camera).set(switches.detector)

    def engine(self, model: ModelDescription, engine: Engine) -> None:
        """Tell which model runs, and on what."""
        if engine.failed:
            self._delegate_failures.inc()
        self._model = (
            self.camera, model.name, model.quantization, model.sha256,
            engine.runtime, engine.delegate, engine.adapter,
        )  # fmt: skip
        if self._shown:
            self._show_model(self._model)

    def _show_model(self, labels: tuple[str, ...]) -> None:
        info = self._metrics.model_info
        info.remove_by_labels({"camera": self.camera})
        info.labels(*labels).set(1)

    def model(self) -> dict[str, str] | None:
        """Return what `engine` told: the labels of ``edge_fer_model_info`` but for the camera."""
        if self._model is None:
            return None
        names = ("name", "quantization", "sha256", "runtime", "delegate", "adapter")
        return dict(zip(names, self._model[1:], strict=True))

    def fps(self) -> float:
        """Return frames a second that went all the way, over 5 s."""
        return self._rates["pipeline"]()

    def latency(self) -> float | None:
        """Return the mean seconds from capture to the end of publishing, over the last 5 s.

        None where there is none, or where it may not be told.
        """
        return self._meters["pipeline"].mean() if self._individuals else None
