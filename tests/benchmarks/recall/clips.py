"""One way against another, on clips of which nobody knows the truth."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np

from edge.classify import Classifier
from edge.records import Event, Frame
from tests.benchmarks.recall.ways import Run, make_ways
from tests.support.matching import pairs, steady
from tests.support.scanning import frame_of

COMPARED = (("shipped", "full"), ("shipped", "whole"), ("whole", "full"))
"""A way, and the way that it is relative to."""

_SAME_MOMENT = 0.5
"""Seconds by which an event may come sooner or later and still be the same."""


@dataclass
class Comparison:
    """What a way keeps of the faces and events of its reference; sums over clips.

    `extra` are boxes that the reference has not. The deviations are of the kept boxes, in widths
    of the reference's. Events are counted by kind.
    """

    faces: int = 0
    kept: int = 0
    steady: int = 0
    steady_kept: int = 0
    extra: int = 0
    centre: list[float] = field(default_factory=list)
    size: list[float] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    events_reference: Counter[str] = field(default_factory=Counter)
    events_same: Counter[str] = field(default_factory=Counter)

    def add(self, way: Run, reference: Run) -> None:
        """Take a clip."""
        rows = zip(reference.boxes, way.boxes, steady(reference.boxes), strict=True)
        for expected, found, is_steady in rows:
            partners = pairs(expected, found)
            self.faces += len(expected)
            self.kept += len(partners)
            self.steady += sum(is_steady)
            self.steady_kept += sum(is_steady[i] for i in partners)
            self.extra += len(found) - len(partners)
            for one, other in partners.items():
                a, b = expected[one], found[other]
                across = a.x + a.width / 2 - b.x - b.width / 2
                down = a.y + a.height / 2 - b.y - b.height / 2
                self.centre.append(float(np.hypot(across, down)) / a.width)
                self.size.append(abs(b.width - a.width) / a.width)
        self.events.update(event.kind for _, event in way.events)
        self.events_reference.update(event.kind for _, event in reference.events)
        self.events_same.update(_same(way.events, reference.events))

    def describe(self) -> dict[str, Any]:
        """Return the figures, named."""
        return {
            "reference_faces": self.faces,
            "kept": self.kept,
            "kept_share": share(self.kept, self.faces),
            "reference_steady_faces": self.steady,
            "steady_kept": self.steady_kept,
            "steady_kept_share": share(self.steady_kept, self.steady),
            "extra": self.extra,
            "centre_deviation_of_face_width": _spread(self.centre),
            "size_deviation_of_face_width": _spread(self.size),
            "events": dict(self.events),
            "reference_events": dict(self.events_reference),
            "same_events": dict(self.events_same),
        }


def share(part: int, whole: int) -> float | None:
    """Return a part relative to a whole; None relative to nothing."""
    return round(part / whole, 4) if whole else None


def read(clip: Path) -> Iterator[Frame]:
    """Yield the frames of a clip, on its own clock."""
    video = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG)
    fps = video.get(cv2.CAP_PROP_FPS)
    number = 0
    while True:
        good, image = video.read()
        if not good:
            break
        yield frame_of(np.asarray(image, np.uint8), number, fps)
        number += 1
    video.release()
    if number == 0:
        raise click.ClickException(f"{clip} is not a video that can be read: check the path")


def frames_of(clip: Path) -> int:
    """Return how many frames a clip announces."""
    return max(0, int(cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG).get(cv2.CAP_PROP_FRAME_COUNT)))


def run_clip(clip: Path, kind: str, classifier: Classifier) -> Iterator[dict[str, Run] | None]:
    """Yield None for every frame, and at the end what each way has found."""
    ways = None
    for frame in read(clip):
        ways = ways or make_ways(kind, frame.size[0], classifier)
        for way in ways.values():
            way.take(frame)
        yield None
    yield {name: way.finish() for name, way in (ways or {}).items()}


def _spread(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    return {
        "mean": round(float(np.mean(values)), 4),
        "p95": round(float(np.percentile(values, 95)), 4),
    }


def _same(way: list[tuple[float, Event]], reference: list[tuple[float, Event]]) -> Iterator[str]:
    """Yield the kinds of those that both have, with the same label at about the same time."""
    left = list(way)
    for moment, event in reference:
        near = [
            (abs(other_moment - moment), place)
            for place, (other_moment, other) in enumerate(left)
            if (other.kind, other.track.label) == (event.kind, event.track.label)
            and abs(other_moment - moment) <= _SAME_MOMENT
        ]
        if near:
            del left[min(near)[1]]
            yield event.kind
