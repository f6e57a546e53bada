"""How steady are ids and labels, and what does steadiness cost in time?

``python -m tests.benchmarks.steadiness ../shared/clips/*.mp4``; the demo clip comes in addition.

Every clip is read once with each detector. Its readings then go through the tracker as the
daemon's do, and the same faces are counted with their raw label of every frame. For the delay,
recorded faces are cut together: one person's readings, and from a moment on another's who shows
something else; the delay is how long after the cut the label has followed.
"""

import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, cycle, pairwise, permutations
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from edge.capture.factory import DEMO_CLIP
from edge.capture.picture import ColourPicture
from edge.classify import Classifier, load_classifier
from edge.config import ClassifyConfig, DetectConfig, TrackConfig
from edge.detect import make_finder
from edge.emotions import Label
from edge.records import Box, Frame, Observation, Reading
from edge.track import Tracker

SETTINGS = {
    "no smoothing, no hold": {"half_life_seconds": 0.001, "min_hold_seconds": 0, "margin": 0},
    "smoothing only": {"min_hold_seconds": 0, "margin": 0},
    "half-life 0.25 s, hold 0.5 s: the default": {},
    "half-life 0.5 s, hold 0.5 s": {"half_life_seconds": 0.5},
    "half-life 1 s, hold 1 s": {"half_life_seconds": 1.0, "min_hold_seconds": 1.0},
}
BEFORE, AFTER = 3.0, 6.0
"""Seconds of one person and of the next in a cut."""


def observe(clip: Path, kind: str, classifier: Classifier) -> list[Observation]:
    """Return the readings of every frame."""
    finder = make_finder(DetectConfig.model_validate({"kind": kind}))
    video = cv2.VideoCapture(str(clip))
    fps = video.get(cv2.CAP_PROP_FPS)
    observations = []
    while True:
        good, image = video.read()
        if not good:
            return observations
        picture = ColourPicture(np.asarray(image, np.uint8))
        frame = Frame(len(observations), picture, 0.0, len(observations) / fps, 0.0)
        readings = classifier.read(picture.grey, finder.find(picture.grey))
        small = replace(frame, picture=ColourPicture(np.zeros((1, 1, 3), np.uint8)))
        observations.append(Observation(small, readings))


class Follower:
    """Runs a tracker, and remembers the raw readings of every track."""

    def __init__(self, **settings: float) -> None:
        self._tracker = Tracker(TrackConfig.model_validate(settings))
        self.raw: dict[int, list[Reading]] = defaultdict(list)
        self.seconds = 0.0
        self.changes = 0
        self._last = 0.0

    def take(self, observation: Observation) -> None:
        """Take the next frame."""
        events = self._tracker.update(observation)
        self.changes += sum(event.kind == "changed" for event in events)
        passed = observation.frame.time - self._last
        self._last = observation.frame.time
        for track in self._tracker.tracks:
            self.seconds += passed
            seen = [r for r in observation.readings or () if r.box == track.box]
            self.raw[track.id] += seen[:1]

    @property
    def label(self) -> Label | None:
        """What the only face is said to show."""
        tracks = self._tracker.tracks
        return tracks[0].label if tracks else None

    @property
    def raw_changes(self) -> int:
        """How often the label of a single frame differs from the one before."""
        return sum(
            a.label != b.label for readings in self.raw.values() for a, b in pairwise(readings)
        )


def delays(people: Sequence[list[Reading]], **settings: float) -> Iterator[float]:
    """Yield the delay of every cut from one person to another who shows something else."""
    shown = [Counter(r.label for r in readings).most_common(1)[0] for readings in people]
    sure = [n for n, (_, count) in enumerate(shown) if count >= 0.8 * len(people[n])]
    for one, other in permutations(sure, 2):
        if shown[one][0] == shown[other][0]:
            continue
        follower = Follower(**settings)
        readings = chain(
            [
                next(there)
                for there in [_there_and_back(people[one])]
                for _ in range(int(BEFORE * 25))
            ],
            _there_and_back(people[other]),
        )
        for number in range(int((BEFORE + AFTER) * 25)):
            reading = replace(next(readings), box=Box(0, 0, 100, 100))
            frame = Frame(
                number, ColourPicture(np.zeros((1, 1, 3), np.uint8)), 0.0, number / 25, 0.0
            )
            follower.take(Observation(frame, (reading,)))
            if number / 25 >= BEFORE and follower.label == shown[other][0]:
                yield number / 25 - BEFORE
                break
        else:
            yield float("inf")


def _there_and_back(readings: list[Reading]) -> Iterator[Reading]:
    return cycle([*readings, *readings[::-1]])


def main() -> None:
    """Print both tables."""
    classifier = load_classifier(ClassifyConfig(delegate="cpu"))
    clips = [*(Path(name) for name in sys.argv[1:]), DEMO_CLIP]
    ids = Table(
        "clip", "detector", "seconds", "ids", "raw changes a minute", "steady changes a minute"
    )
    people: list[list[Reading]] = []
    seen: list[list[Observation]] = []
    for clip in clips:
        for kind in ("haar", "dlib"):
            observations = observe(clip, kind, classifier)
            follower = Follower()
            for observation in observations:
                follower.take(observation)
            seen.append(observations)
            people += [r for r in follower.raw.values() if len(r) >= 15]
            minutes = follower.seconds / 60
            ids.add_row(
                clip.stem, kind, f"{follower.seconds:.1f}", str(len(follower.raw)),
                f"{follower.raw_changes / minutes:.1f}", f"{follower.changes / minutes:.1f}",
            )  # fmt: skip
    steadiness = Table("settings", "changes a minute", "delay, median", "90 %", "cuts")
    for name, settings in SETTINGS.items():
        followers = [Follower(**settings) for _ in seen]
        for follower, observations in zip(followers, seen, strict=True):
            for observation in observations:
                follower.take(observation)
        changes = sum(follower.changes for follower in followers)
        minutes = sum(follower.seconds for follower in followers) / 60
        took = sorted(delays(people, **settings))
        steadiness.add_row(
            name, f"{changes / minutes:.1f}", f"{statistics.median(took):.2f} s",
            f"{took[int(0.9 * (len(took) - 1))]:.2f} s", str(len(took)),
        )  # fmt: skip
    console = Console(width=110)
    console.print(ids)
    console.print(steadiness)


if __name__ == "__main__":
    main()
