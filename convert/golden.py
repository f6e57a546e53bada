"""The faces of the golden vectors: from the demo clip, which is in the public domain."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.factory import DEMO_CLIP
from edge.classify.golden import GoldenVector, Model
from edge.config import DetectConfig
from edge.detect import make_finder
from edge.emotions import FACE_SIZE
from edge.errors import EdgeFerError
from edge.face_image import face_image


def golden_vectors(model: Model) -> tuple[GoldenVector, ...]:
    """Return what a model says of the demo's face, mirrored, in half the light, and of noise."""
    face = _demo_face()
    noise = np.random.default_rng(0).integers(0, 256, (FACE_SIZE, FACE_SIZE), dtype=np.uint8)
    mirrored = np.ascontiguousarray(face[:, ::-1])
    return tuple(GoldenVector.measure(model, f) for f in (face, mirrored, face // 2, noise))


def _demo_face() -> NDArray[np.uint8]:
    """Return the first face that Haar finds in the demo clip."""
    finder = make_finder(DetectConfig())
    video = cv2.VideoCapture(str(DEMO_CLIP))
    try:
        while True:
            good, image = video.read()
            if not good:
                raise EdgeFerError(f"no face in {DEMO_CLIP}: the installation is damaged")
            frame = np.asarray(image, np.uint8)
            faces = finder.find(frame)
            if faces:
                return face_image(frame, faces[0].region)
    finally:
        video.release()
