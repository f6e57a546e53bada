"""PyPI's ``fer``, the package that is found first, in a loop of its README; to compare with.

``edge-fer bench CLIP --against 'fer=.venv-fer/bin/python -m tests.benchmarks.pypi_fer'``

In the environment that ``make fer-package`` makes: it has neither our package's dependencies nor
the ones that ``fer`` itself would get today.
"""

import os
import statistics

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import cv2
from fer import FER

from edge.bench.protocol import Image, arguments, compete, looped

JPEG = [cv2.IMWRITE_JPEG_QUALITY, 80]
"""As the daemon's."""


class Loop:
    """What is done with a frame."""

    def __init__(self) -> None:
        self._detector = FER(mtcnn=False)  # Haar, as we
        self.faces: list[int] = []

    def __call__(self, frame: Image) -> object:
        found = self._detector.detect_emotions(frame)
        self.faces.append(len(found))
        for face in found:
            x, y, width, height = (int(number) for number in face["box"])
            label = max(face["emotions"], key=face["emotions"].get)
            cv2.rectangle(frame, (x, y), (x + width, y + height), (0, 255, 0), 2)
            cv2.putText(frame, label, (x, y - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (0, 255, 0), 2)
        return cv2.imencode(".jpg", frame, JPEG)


def main() -> None:
    """Compete."""
    clip, seconds = arguments()
    loop = Loop()
    compete(looped(clip), loop, seconds, lambda: {"faces_a_frame": statistics.fmean(loop.faces)})


if __name__ == "__main__":
    main()
