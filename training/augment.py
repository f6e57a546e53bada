"""Augmentation of faces on the fly, with NumPy and OpenCV.

Outside the network's graph, so that every Keras backend trains on the very same batches.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.emotions import FACE_SIZE
from training.recipe import Augmentation

FloatArray = NDArray[np.float32]


def augment(
    face: NDArray[np.uint8], how: Augmentation, random: np.random.Generator, size: int = FACE_SIZE
) -> FloatArray:
    """Change one face: uint8 ``[48, 48]`` in, float32 ``[size, size]`` in 0..1 out."""
    image = np.asarray(_move(face, how, random, size), np.float32) / np.float32(255)
    gain = 1 + random.uniform(-how.contrast, how.contrast)
    mean = float(image.mean())
    offset = mean + random.uniform(-how.brightness, how.brightness)
    image = (image - mean) * np.float32(gain) + np.float32(offset)
    if random.random() < how.erase:
        _erase(image, random)
    return np.asarray(np.clip(image, 0, 1), np.float32)


def _move(
    face: NDArray[np.uint8], how: Augmentation, random: np.random.Generator, size: int
) -> NDArray[np.uint8]:
    centre = (FACE_SIZE - 1) / 2
    angle = random.uniform(-how.rotation, how.rotation)
    scale = 1 + random.uniform(-how.scale, how.scale)
    matrix = np.asarray(cv2.getRotationMatrix2D((centre, centre), angle, scale), np.float64)
    matrix[:, 2] += random.uniform(-how.shift, how.shift, 2) * FACE_SIZE
    if random.random() < how.flip:
        matrix[:, 2] += matrix[:, 0] * (FACE_SIZE - 1)
        matrix[:, 0] *= -1
    # Pixels are squares: their centres lie half a pixel in.
    shrink = size / FACE_SIZE
    matrix *= shrink
    matrix[:, 2] += (shrink - 1) / 2
    moved = cv2.warpAffine(face, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _erase(image: FloatArray, random: np.random.Generator) -> None:
    top, left, height, width = _rectangle(image.shape[0], random.uniform(0.02, 0.15), random)
    image[top : top + height, left : left + width] = random.random((height, width))


def _rectangle(size: int, area: float, random: np.random.Generator) -> tuple[int, int, int, int]:
    """Draw ``(top, left, height, width)`` of a rectangle that covers about `area`, 0..1."""
    aspect = math.exp(random.uniform(-1, 1))
    height = min(size, max(1, round(size * math.sqrt(area * aspect))))
    width = min(size, max(1, round(size * math.sqrt(area / aspect))))
    top = int(random.integers(0, size - height + 1))
    left = int(random.integers(0, size - width + 1))
    return top, left, height, width


def mix(
    faces: FloatArray, targets: list[FloatArray], how: Augmentation, random: np.random.Generator
) -> None:
    """Mix every face of a batch ``[b, h, w]`` with another, and its targets alike, in place.

    mixup: Zhang et al., 2017; CutMix: Yun et al., 2019. One share is drawn for the batch.
    """
    if how.mix == "none":
        return
    keep = np.float32(random.beta(how.mix_alpha, how.mix_alpha))
    partner = random.permutation(len(faces))
    if how.mix == "mixup":
        faces[:] = keep * faces + (1 - keep) * faces[partner]
    else:
        size = faces.shape[1]
        top, left, height, width = _rectangle(size, 1 - float(keep), random)
        spot = (slice(None), slice(top, top + height), slice(left, left + width))
        faces[spot] = faces[partner][spot]
        keep = np.float32(1 - height * width / size**2)
    for target in targets:
        target[:] = keep * target + (1 - keep) * target[partner]
