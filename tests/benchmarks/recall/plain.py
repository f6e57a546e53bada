"""OpenCV's own scan with its cascade, as its examples do it: the reference for ours."""

from collections.abc import Sequence

import cv2

from edge.detect import FaceFinder
from edge.detect.detector import Found
from edge.detect.haar import HaarDetector
from edge.detect.scene import Scene
from edge.records import Box

FACTOR = 1.1
NEIGHBOURS = 5


class PlainHaar(HaarDetector):
    """Scans all of every frame with every window."""

    def __init__(self) -> None:
        super().__init__()
        self._plain = cv2.CascadeClassifier(
            f"{cv2.data.haarcascades}haarcascade_frontalface_default.xml"
        )

    def scan(self, scene: Scene, smallest: float = 0.0, around: Sequence[Box] = ()) -> list[Found]:
        part = scene.whole()
        found = self._plain.detectMultiScale(part.grey, FACTOR, NEIGHBOURS)
        return [Found(part.box(*map(int, box)), 1.0) for box in found]


def plain_finder(width: int) -> FaceFinder:
    """Return a finder that does so at a width."""
    return FaceFinder(PlainHaar(), width)
