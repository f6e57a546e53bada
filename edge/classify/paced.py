"""Fewer readings than frames: what a face shows does not change 25 times a second."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace

from edge.capture.pace import Pace
from edge.classify.classifier import Classifier
from edge.records import Face, Frame, Reading


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a face showed in the frame before, and when it is to be read again."""

    face: Face
    reading: Reading
    pace: Pace


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
        self._fps = fps
        self._kept: list[_Kept] = []

    def read(self, frame: Frame, faces: Sequence[Face]) -> tuple[Reading, ...]:
        """Return a reading for each of the `faces` that were found in a frame."""
        self._kept = [self._keep(frame, face) for face in faces]
        return tuple(kept.reading for kept in self._kept)

    def _keep(self, frame: Frame, face: Face) -> _Kept:
        recent = [kept for kept in self._kept if kept.face.same(face)]
        last = max(recent, key=lambda kept: kept.face.box.overlap(face.box), default=None)
        pace = Pace(self._fps) if last is None else copy(last.pace)
        if pace.due(frame.time) or last is None:
            (reading,) = self._classifier.read(frame.picture.grey, (face,))
        else:
            reading = replace(last.reading, box=face.box, score=face.score)
        return _Kept(face, reading, pace)
