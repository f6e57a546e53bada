"""Where faces were found of late: what is blurred must not flicker as a detector does."""

from collections.abc import Iterable
from typing import Final

from edge.records import Box

_SAME_FACE: Final = 0.5
"""Intersection over union from which a box is the newer one of the same face."""


class FoundPlaces:
    """Remembers where faces were found, whether or not anybody follows them."""

    def __init__(self) -> None:
        self._boxes: list[tuple[Box, float]] = []
        self._now = 0.0

    def add(self, boxes: Iterable[Box], now: float) -> None:
        """Take the places of all faces in a frame, and its time on the source's clock."""
        self._now = now
        new = list(boxes)
        known = [
            (box, seen)
            for box, seen in self._boxes
            if not any(box.overlap(other) > _SAME_FACE for other in new)
        ]
        self._boxes = [*((box, now) for box in new), *known]

    def places(self, patience: float) -> list[Box]:
        """Return those of now and of the last `patience` seconds; forget the others."""
        self._boxes = [one for one in self._boxes if abs(self._now - one[1]) <= patience]
        return [box for box, _ in self._boxes]
