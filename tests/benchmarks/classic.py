"""The loop that is glued together everywhere today, to compare with; the same CNN, in Keras.

``edge-fer bench CLIP --against 'classic=.venv-test/bin/python -m tests.benchmarks.classic'``

Everything in one thread: the Haar cascade on the full frame, with the parameters of the tutorials,
``predict`` for each face, boxes and text, a JPEG.
"""

import os
import statistics
import time
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import cv2
import keras
import numpy as np

from edge.bench.protocol import Image, arguments, compete, looped
from edge.emotions import EMOTIONS
from training.network import load_network

NETWORK = Path("training/models/fer-edge-votes/network.keras")
JPEG = [cv2.IMWRITE_JPEG_QUALITY, 80]
"""As the daemon's."""


class Loop:
    """What is done with a frame."""

    def __init__(self, network: keras.Model) -> None:
        self._network = network
        self._cascade = cv2.CascadeClassifier(
            cv2.data.haarcascades + "haarcascade_frontalface_default.xml"
        )
        self.faces: list[int] = []
        self.seconds: list[float] = []
        """Of each ``predict``."""

    def __call__(self, frame: Image) -> object:
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        faces = self._cascade.detectMultiScale(grey, scaleFactor=1.3, minNeighbors=5)
        self.faces.append(len(faces))
        for x, y, width, height in faces:
            face = cv2.resize(grey[y : y + height, x : x + width], (48, 48)) / np.float32(255)
            start = time.perf_counter()
            answer = self._network.predict(face[None, :, :, None], verbose=0)
            self.seconds.append(time.perf_counter() - start)
            label = EMOTIONS[int(answer[0].argmax())]
            cv2.rectangle(frame, (x, y), (x + width, y + height), (0, 255, 0), 2)
            cv2.putText(frame, label, (x, y - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (0, 255, 0), 2)
        return cv2.imencode(".jpg", frame, JPEG)

    def describe(self) -> dict[str, float | None]:
        """Return what else there is to tell."""
        predict = 1000 * statistics.median(self.seconds) if self.seconds else None
        return {"predict_ms": predict, "faces_a_frame": statistics.fmean(self.faces)}


def main() -> None:
    """Compete."""
    clip, seconds = arguments()
    loop = Loop(load_network(NETWORK))
    compete(looped(clip), loop, seconds, loop.describe)


if __name__ == "__main__":
    main()
