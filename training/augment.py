"""Augmentation of faces on the fly, and the batches that training reads.

Done with NumPy and OpenCV, outside the graph, so that every Keras backend trains on the very
same batches. A batch depends on nothing but the seed, the epoch and its own number: training
that was interrupted sees the same faces again.
"""

import math
from dataclasses import dataclass

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from edge.emotions import EMOTIONS, FACE_SIZE
from training.data import Samples

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Augmentation:
    """How far a face may be changed; every face draws its own values, evenly.

    Attributes
    ----------
    flip
        Probability that left and right change places.
    rotation
        Degrees to either side.
    scale
        Fraction of the size, larger or smaller.
    shift
        Fraction of the side, in x and y.
    contrast, brightness
        Factor about the face's mean, and offset in 0..1 terms, to either side.
    erase
        Probability that a rectangle of 2 to 15 % of the face is filled with noise
        (Zhong et al., Random Erasing, 2017).
    """

    flip: float = 0.5
    rotation: float = 12.0
    scale: float = 0.12
    shift: float = 0.08
    contrast: float = 0.2
    brightness: float = 0.1
    erase: float = 0.4

    def __call__(self, face: NDArray[np.uint8], random: np.random.Generator) -> FloatArray:
        """Change one face: uint8 ``[48, 48]`` in, float32 ``[48, 48]`` in 0..1 out."""
        centre = (FACE_SIZE - 1) / 2
        angle = random.uniform(-self.rotation, self.rotation)
        scale = 1 + random.uniform(-self.scale, self.scale)
        matrix = np.asarray(cv2.getRotationMatrix2D((centre, centre), angle, scale), np.float64)
        matrix[:, 2] += random.uniform(-self.shift, self.shift, 2) * FACE_SIZE
        if random.random() < self.flip:
            matrix[:, 2] += matrix[:, 0] * (FACE_SIZE - 1)
            matrix[:, 0] *= -1
        size = (FACE_SIZE, FACE_SIZE)
        moved = cv2.warpAffine(face, matrix, size, borderMode=cv2.BORDER_REPLICATE)
        image: FloatArray = np.asarray(moved, np.float32) / np.float32(255)
        gain = 1 + random.uniform(-self.contrast, self.contrast)
        mean = float(image.mean())
        offset = mean + random.uniform(-self.brightness, self.brightness)
        image = (image - mean) * np.float32(gain) + np.float32(offset)
        if random.random() < self.erase:
            _erase(image, random)
        return np.asarray(np.clip(image, 0, 1), np.float32)


def _erase(image: FloatArray, random: np.random.Generator) -> None:
    area = random.uniform(0.02, 0.15) * FACE_SIZE**2
    aspect = math.exp(random.uniform(-1, 1))
    height = min(FACE_SIZE, max(1, round(math.sqrt(area * aspect))))
    width = min(FACE_SIZE, max(1, round(math.sqrt(area / aspect))))
    top = int(random.integers(0, FACE_SIZE - height + 1))
    left = int(random.integers(0, FACE_SIZE - width + 1))
    image[top : top + height, left : left + width] = random.random((height, width))


def as_input(images: NDArray[np.uint8]) -> FloatArray:
    """Return uint8 faces ``[n, 48, 48]`` as the model reads them: ``[n, 48, 48, 1]`` in 0..1."""
    return images[..., np.newaxis].astype(np.float32) / np.float32(255)


class Batches(keras.utils.PyDataset):
    """Shuffled, augmented batches of a split, the same for the same seed and epoch.

    The last, smaller batch of an epoch is left out; the shuffle gives those faces another turn.
    """

    def __init__(
        self, samples: Samples, batch_size: int, seed: int, epoch: int, augment: Augmentation
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self._samples = samples
        self._batch_size = batch_size
        self._seed = seed
        self._augment = augment
        self._epoch = epoch
        self._shuffle()

    def __len__(self) -> int:
        return len(self._samples) // self._batch_size

    def __getitem__(self, index: int) -> tuple[FloatArray, FloatArray]:
        """Return batch `index`: faces ``[b, 48, 48, 1]`` and one-hot labels ``[b, 7]``."""
        random = np.random.default_rng((self._seed, self._epoch, index))
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        faces: FloatArray = np.stack(
            [self._augment(self._samples.images[i], random) for i in chosen]
        )
        targets = np.eye(len(EMOTIONS), dtype=np.float32)[self._samples.labels[chosen]]
        return faces[..., np.newaxis], targets

    def on_epoch_end(self) -> None:
        """Go on to the next epoch's order."""
        self._epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        random = np.random.default_rng((self._seed, self._epoch))
        self._order = random.permutation(len(self._samples))
