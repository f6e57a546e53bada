"""Augmentation of faces on the fly, with NumPy and OpenCV, a batch at a time.

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
    faces: NDArray[np.uint8], how: Augmentation, random: np.random.Generator, size: int = FACE_SIZE
) -> FloatArray:
    """Change each face in its own way.

    Parameters
    ----------
    faces
        uint8 ``[n, 48, 48]``.
    size
        Side of the faces that are returned, in pixels.

    Returns
    -------
    float32 ``[n, size, size]`` in 0..1.
    """
    matrices = _matrices(len(faces), how, random, size)
    moved = np.empty((len(faces), size, size), np.uint8)
    for face, matrix, out in zip(faces, matrices, moved, strict=True):
        cv2.warpAffine(face, matrix, (size, size), out, borderMode=cv2.BORDER_REPLICATE)
    images = moved.astype(np.float32) / np.float32(255)
    mean = images.mean(axis=(1, 2), keepdims=True)
    gain = 1 + _either_side(how.contrast, mean.shape, random)
    images = (images - mean) * gain + mean + _either_side(how.brightness, mean.shape, random)
    for place in np.flatnonzero(random.random(len(images)) < how.erase):
        _erase(images[place], random)
    return np.asarray(np.clip(images, 0, 1), np.float32)


def _either_side(most: float, shape: tuple[int, ...], random: np.random.Generator) -> FloatArray:
    return random.uniform(-most, most, shape).astype(np.float32)


def _matrices(
    count: int, how: Augmentation, random: np.random.Generator, size: int
) -> NDArray[np.float64]:
    """Draw ``[count, 2, 3]``: where each point of a face goes, in pixels."""
    angle = np.deg2rad(random.uniform(-how.rotation, how.rotation, count))
    scale = 1 + random.uniform(-how.scale, how.scale, count)
    mirror = np.where(random.random(count) < how.flip, -1, 1)
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    turn = np.stack([cosine * mirror, sine, -sine * mirror, cosine], axis=1).reshape(count, 2, 2)
    # About the face's centre; pixels are squares, and their centres lie half a pixel in.
    centre = np.full(2, FACE_SIZE / 2)
    shift = random.uniform(-how.shift, how.shift, (count, 2)) * FACE_SIZE
    move = centre + shift - turn @ (centre - 1 / 2)
    shrink = size / FACE_SIZE
    return np.concatenate([shrink * turn, (shrink * move - 1 / 2)[..., np.newaxis]], axis=2)


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
