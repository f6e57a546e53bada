"""Boxes and labels drawn over a frame."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from edge.records import ImageArray, Showing

# Okabe and Ito's palette, told apart by colour-blind people too; blue, green, red.
COLOURS: Final = {
    "angry": (0, 94, 213),
    "disgust": (115, 158, 0),
    "fear": (167, 121, 204),
    "happy": (66, 228, 240),
    "sad": (178, 114, 0),
    "surprise": (0, 159, 230),
    "neutral": (230, 230, 230),
    "uncertain": (140, 140, 140),
}

_BRIGHT: Final = 110
"""Luminance of a colour, 0..255, from which black letters are read better than white."""

_FONT: Final = cv2.FONT_HERSHEY_DUPLEX


def annotate(image: ImageArray, faces: Sequence[Showing]) -> ImageArray:
    """Return a copy of the frame with a box, an emotion and its confidence for every face."""
    picture: ImageArray = image.copy()
    unit = max(0.35, min(image.shape[:2]) / 720)
    line = max(1, round(2 * unit))
    for face in faces:
        box, colour = face.box, COLOURS[face.label]
        corner = (box.x + box.width, box.y + box.height)
        cv2.rectangle(picture, (box.x, box.y), corner, colour, line, cv2.LINE_AA)
        sure = "" if face.label == "uncertain" else f" {face.confidence:.0%}"
        text = f"{face.label}{sure}"
        (width, height), base = cv2.getTextSize(text, _FONT, 0.8 * unit, line)
        pad = round(6 * unit)
        left = max(0, min(box.x, image.shape[1] - width - 2 * pad))
        top = box.y - height - base - pad
        if top < 0:
            top = min(box.y + box.height, image.shape[0] - height - base - pad)
        bottom_right = (left + width + 2 * pad, top + height + base + pad)
        cv2.rectangle(picture, (left, top), bottom_right, colour, cv2.FILLED)
        ink = (0, 0, 0) if np.dot(colour, (0.114, 0.587, 0.299)) > _BRIGHT else (255, 255, 255)
        origin = (left + pad, top + height + pad // 2 + base // 2)
        cv2.putText(picture, text, origin, _FONT, 0.8 * unit, ink, max(1, line // 2), cv2.LINE_AA)
    return picture
