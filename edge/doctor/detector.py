"""Whether the detectors find the face that they are known to find."""

import threading
import time
from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np

from edge.capture.factory import DEMO_CLIP
from edge.config import DetectConfig
from edge.detect import make_finder
from edge.doctor.finding import Check, Finding, error, good

_FACE_MS: Final = 8000.0
"""Where in the demo clip the face is large, frontal and well lit."""


def checks() -> Iterator[Check]:
    """Give what to look at."""
    yield Check("detectors", _look, 30.0, timed=True)


def _look(_: threading.Event) -> Iterator[Finding]:
    video = cv2.VideoCapture(str(DEMO_CLIP))
    video.set(cv2.CAP_PROP_POS_MSEC, _FACE_MS)
    there, image = video.read()
    video.release()
    if not there:
        yield error(f"{DEMO_CLIP} cannot be read", "install edge-fer anew")
        return
    for kind in ("haar", "dlib"):
        try:
            finder = make_finder(DetectConfig.model_validate({"kind": kind}))
            start = time.monotonic()
            faces = finder.find(np.asarray(image, np.uint8))
        except (ImportError, OSError, RuntimeError, cv2.error) as fault:
            yield error(f"{kind}: {fault}", "install edge-fer anew")
            continue
        took = (time.monotonic() - start) * 1000
        if len(faces) == 1:
            yield good(f"{kind} finds the face of the demo clip, in {took:.0f} ms")
        else:
            yield error(f"{kind} finds {len(faces)} faces where one is", "install edge-fer anew")
