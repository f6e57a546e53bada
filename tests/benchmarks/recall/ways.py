"""The ways to detect that are compared, and what each finds in a video."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from edge.classify import Classifier, PacedClassifier
from edge.config import ClassifyConfig, DetectConfig, TrackConfig
from edge.detect import FaceFinder
from edge.records import Box, Detection, Event, Frame, Observation
from edge.track import Tracker
from tests.benchmarks.recall.plain import plain_finder
from tests.support.scanning import boxes_of, scanner_of, shipped, whole_scans

WAYS: Final = ("full", "whole", "shipped")


@dataclass
class Run:
    """What one way found: boxes and milliseconds by frame, and the events with their times."""

    boxes: list[tuple[Box, ...]] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    events: list[tuple[float, Event]] = field(default_factory=list)


class Way:
    """Runs one way over a video; with a `classifier` also what follows in a pipeline."""

    def __init__(
        self,
        config: DetectConfig,
        classifier: PacedClassifier | None = None,
        finder: FaceFinder | None = None,
    ) -> None:
        self._scanner = scanner_of(config, finder)
        self._classifier = classifier
        self._tracker = Tracker(TrackConfig())
        self._time = 0.0
        self.run = Run()

    def take(self, frame: Frame) -> tuple[Box, ...]:
        """Take the next frame; return the faces that count."""
        start = time.perf_counter()
        detection = self._scanner.scan(frame)
        self.run.milliseconds.append(1000 * (time.perf_counter() - start))
        self.run.boxes.append(boxes_of(detection))
        if self._classifier is not None:
            self._time = frame.time
            self._tell(self._tracker.update(self._observe(detection, self._classifier)))
        return self.run.boxes[-1]

    def finish(self) -> Run:
        """Say of everyone present that they are lost, as at the end of a camera."""
        self._tell(self._tracker.expire(float("inf")))
        return self.run

    def _observe(self, detection: Detection, classifier: PacedClassifier) -> Observation:
        """As the classify stage of `edge.pipeline` does."""
        frame, faces = detection.frame, detection.faces
        if faces is None:
            return Observation(frame, None, looked=False)
        counting = tuple(face for face in faces if face.counts)
        return Observation(frame, classifier.read(frame, counting), (), detection.looked)

    def _tell(self, events: Sequence[Event]) -> None:
        self.run.events += [(self._time, event) for event in events]


def make_ways(kind: str, width: int, classifier: Classifier | None = None) -> dict[str, Way]:
    """Return the three ways for a detector and frames of a width, by name."""
    # dlib scans with all that it has in any case.
    reference = plain_finder(width) if kind == "haar" else None

    def paced(fps: float | None) -> PacedClassifier | None:
        return None if classifier is None else PacedClassifier(classifier, fps)

    return {
        "full": Way(whole_scans(kind, width), paced(None), reference),
        "whole": Way(whole_scans(kind), paced(None)),
        "shipped": Way(shipped(kind), paced(ClassifyConfig().fps)),
    }
