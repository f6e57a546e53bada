"""Fewer readings than frames: what a face shows does not change 25 times a second."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from edge.classify.classifier import Classifier
from edge.records import Face, Frame, Reading

_EARLY: Final = 0.75
"""The part of the time between two readings after which the next is due: frames are not on time."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a face showed in the frame before, and when that was read."""

    face: Face
    reading: Reading
    time: float


class PacedClassifier:
    """Reads each face so many times a second; in the frames between, it shows what it showed last.

    Only what a face shows is kept: where it is was found in the very frame. Used by one thread.

    Parameters
    ----------
    classifier
        Reads faces.
    fps
        Readings a second of each face, on the source's clock; None for one in every frame.
    """

    def __init__(self, classifier: Classifier, fps: float | None = None) -> None:
        self._classifier = classifier
        self._seconds = 0.0 if fps is None else _EARLY / fps
        self._kept: list[_Kept] = []

    def read(self, frame: Frame, faces: Sequence[Face]) -> tuple[Reading, ...]:
        """Return a reading for each of the `faces` that were found in a frame."""
        self._kept = [self._keep(frame, face) for face in faces]
        return tuple(kept.reading for kept in self._kept)

    def _keep(self, frame: Frame, face: Face) -> _Kept:
        recent = [
            kept
            for kept in self._kept
            if kept.face.same(face) and 0 <= frame.time - kept.time < self._seconds
        ]
        if recent:
            kept = max(recent, key=lambda kept: kept.face.box.overlap(face.box))
            reading = replace(kept.reading, box=face.box, score=face.score)
            return _Kept(face, reading, kept.time)
        (reading,) = self._classifier.read(frame.picture.grey, (face,))
        return _Kept(face, reading, frame.time)
