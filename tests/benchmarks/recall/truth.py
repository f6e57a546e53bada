"""Every way against what is known to be there, in drawn scenes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from rich.progress import Progress

from edge.errors import EdgeFerError
from edge.records import Box
from tests.benchmarks.recall.clips import share
from tests.benchmarks.recall.ways import WAYS, make_ways
from tests.support.matching import pairs
from tests.support.scanning import KINDS, boxes_of, frame_of, scanner_of, whole_scans
from tests.support.scenes import Grey, Scene, Shown, still

Key = tuple[str, tuple[float, float] | None]
"""What is counted by itself: a bin of speeds or of widths, or all."""

ALL: Final[Key] = ("all", None)

BINS: Final = {
    "speed": ((0.0, 0.25), (0.25, 0.75), (0.75, 1.5)),
    "width": ((60, 90), (90, 130), (130, 180), (180, 240)),
}
"""Speeds in face widths a second; widths in pixels, of faces or of the boxes that are found."""

KEYS: Final[tuple[Key, ...]] = (ALL, *((by, bin_) for by, bins in BINS.items() for bin_ in bins))

_CHOSEN_AT = 160
"""Width in pixels at which a face must be found before it may play."""

_WELL_PLACED = 0.6
"""How well its box must lie: where FER-2013's crop and a detector disagree, so do all ways."""

_MOST_PEOPLE = 4


@dataclass
class Found:
    """Counts of one way: whole faces that were there and found, boxes, and those of no face."""

    there: Counter[Key] = field(default_factory=Counter)
    found: Counter[Key] = field(default_factory=Counter)
    boxes: Counter[Key] = field(default_factory=Counter)
    false: Counter[Key] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)

    def add(self, shown: Sequence[Shown], boxes: Sequence[Box]) -> None:
        """Take a frame."""
        partners = pairs([face.box for face in shown], boxes)
        for place, face in enumerate(shown):
            if face.whole:
                keys = [ALL, _bin("speed", face.speed), _bin("width", face.box.width)]
                self.there.update(keys)
                self.found.update(keys if place in partners else [])
        whole = {box: shown[place].whole for place, box in partners.items()}
        for place, box in enumerate(boxes):
            if whole.get(place, True):  # a face that need not be found counts neither way
                keys = [ALL, _bin("width", box.width)]
                self.boxes.update(keys)
                self.false.update([] if place in whole else keys)

    def recall(self, key: Key) -> float | None:
        """Return the share of the faces that were found."""
        return share(self.found[key], self.there[key])

    def precision(self, key: Key) -> float | None:
        """Return the share of the boxes that were faces; None of a speed: a false face has none."""
        return share(self.boxes[key] - self.false[key], self.boxes[key])


def choose(images: Sequence[Grey], count: int, seed: int) -> list[Grey]:
    """Return faces that both detectors find where they stand still on plain grey.

    What they cannot find at all says nothing about when they look.
    """
    scanners = [scanner_of(whole_scans(kind, 3 * _CHOSEN_AT)) for kind in KINDS]
    chosen: list[Grey] = []
    for place in np.random.default_rng(seed).permutation(len(images)):
        if len(chosen) == count:
            break
        picture, box = still(images[place], _CHOSEN_AT)
        frame = frame_of(picture, 0, 1)
        found = [boxes_of(scanner.scan(frame)) for scanner in scanners]
        if all(pairs([box], boxes, _WELL_PLACED) for boxes in found):
            chosen.append(images[place])
    if not chosen:
        raise EdgeFerError("both detectors find none of these faces: name FER-2013's with --faces")
    return chosen


def scenes_of(images: Sequence[Grey], count: int, seed: int) -> list[Scene]:
    """Return scenes of one to four people, each with faces of its own as far as there are any."""
    casts = [1 + number % _MOST_PEOPLE for number in range(count)]
    chosen = choose(images, sum(casts), seed)
    faces = iter([chosen[place % len(chosen)] for place in range(sum(casts))])
    return [
        Scene([next(faces) for _ in range(cast)], seed + number)
        for number, cast in enumerate(casts)
    ]


def run_scenes(scenes: Sequence[Scene], kinds: Sequence[str], bar: Progress) -> dict[str, Any]:
    """Return what each way finds, by detector and way."""
    results = {kind: {way: Found() for way in WAYS} for kind in kinds}
    task = bar.add_task("scenes", total=sum(map(len, scenes)))
    for scene in scenes:
        ways = {kind: make_ways(kind, scene.size[0]) for kind in kinds}
        for frame, shown in scene:
            for kind in kinds:
                for name, way in ways[kind].items():
                    results[kind][name].add(shown, way.take(frame))
            bar.advance(task)
        for kind in kinds:
            for name, way in ways[kind].items():
                results[kind][name].milliseconds += way.run.milliseconds
    return results


def describe(results: dict[str, dict[str, Found]]) -> Iterator[dict[str, Any]]:
    """Yield the figures of a detector, all of it and bin by bin."""
    for kind, ways in results.items():
        for key in KEYS:
            recalls = {name: found.recall(key) for name, found in ways.items()}
            quick = ways["shipped"].found[key]
            yield {
                "detector": kind,
                "by": key[0],
                "bin": key[1],
                "faces": ways["full"].there[key],
                "recall": recalls,
                "recall_shipped_over_full": share(quick, ways["full"].found[key]),
                "recall_shipped_over_whole": share(quick, ways["whole"].found[key]),
                "precision": {name: found.precision(key) for name, found in ways.items()},
            }


def _bin(by: str, value: float) -> Key:
    """Return the bin of a value; what lies beyond the last or before the first goes there."""
    bins = BINS[by]
    return by, next((bin_ for bin_ in bins if value < bin_[1]), bins[-1])
