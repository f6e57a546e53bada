"""The faces to look into: the telling ones of a data set, or those found in photos."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import click
import keras
import numpy as np
from numpy.typing import NDArray

from edge.config import DetectConfig
from edge.detect import make_finder
from edge.emotions import EMOTIONS
from edge.errors import EdgeFerError
from edge.face_image import FaceImage, face_image
from edge.records import Box, Face, ImageArray
from edge.still import read_image
from training.data import Samples, Split, as_input
from training.gradcam.heat import FloatArray, batches
from training.read import read_data

Detector = Literal["haar", "dlib", "none"]

IMAGES: Final = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
"""Suffixes of images and photos; every other source is a data set."""

_BATCH: Final = 256

_COPY: Final = 0.85
"""Correlation from which on two faces are, looked at by eye, nearly always one photograph."""


@dataclass(frozen=True)
class ShownFace:
    """A face of the picture.

    Attributes
    ----------
    row
        Name of the row in which it stands.
    image
        uint8 ``[48, 48]``, grey.
    label
        Index into `edge.emotions.EMOTIONS`, or None where nobody knows.
    """

    row: str
    image: FaceImage
    label: int | None = None


def probabilities(network: keras.Model, images: NDArray[np.uint8]) -> FloatArray:
    """Run a network over faces ``[n, 48, 48]``, with a bar on a terminal; gives ``[n, 7]``."""
    said = [
        network.predict_on_batch(as_input(images[batch]))
        for batch in batches(len(images), _BATCH, "faces")
    ]
    return np.concatenate(said)


def find_faces(
    network: keras.Model, source: Sequence[Path], split: Split, per_class: int, detector: Detector
) -> list[ShownFace]:
    """Return the faces of a data set that tell most, or all that are found in images.

    Parameters
    ----------
    source
        One data set, or images.
    split, per_class
        Of a data set: its split, and how many right and how many wrong faces of each emotion.
    detector
        For images; ``none`` takes the whole of each as a face.

    Raises
    ------
    EdgeFerError
        If a source cannot be read, an image has no face, or images and data sets are mixed.
    """
    if all(path.suffix.lower() in IMAGES and not path.is_dir() for path in source):
        return list(_photographed(source, detector))
    if len(source) > 1:
        raise EdgeFerError(
            f"give one data set, or images ({' '.join(IMAGES)}): not {len(source)} of both"
        )
    data = read_data(source[0])
    for fault in data.left_out:
        click.echo(f"left out: {source[0]}, {fault}", err=True)
    samples = data[split]
    return list(telling(samples, probabilities(network, samples.images), per_class))


def telling(samples: Samples, said: FloatArray, per_class: int) -> Iterator[ShownFace]:
    """Choose for each emotion the faces that a network was surest of: right ones, then mistakes.

    Parameters
    ----------
    samples
        Faces and their labels.
    said
        ``[n, 7]``: the network's probabilities.
    per_class
        How many right ones and how many mistakes, where there are so many. Of a photograph
        that is there several times, only one is taken.
    """
    predicted, confidence = said.argmax(axis=1), said.max(axis=1)
    surest = np.argsort(-confidence, kind="stable")
    for label, emotion in enumerate(EMOTIONS):
        of_class = surest[samples.labels[surest] == label]
        right = predicted[of_class] == label
        for row, chosen in (("right", of_class[right]), ("wrong", of_class[~right])):
            for face in _no_copies(samples.images, chosen, per_class):
                yield ShownFace(f"{emotion},\n{row}", samples.images[face], label)


def _no_copies(images: NDArray[np.uint8], order: NDArray[np.int64], count: int) -> list[int]:
    """Take the first `count`; FER-2013 has the same photograph many times, once will do."""
    taken: list[int] = []
    for number in order.tolist():
        if len(taken) == count:
            break
        if all(_correlation(images[number], images[other]) < _COPY for other in taken):
            taken.append(number)
    return taken


def _correlation(face: FaceImage, other: FaceImage) -> float:
    one, two = face - face.mean(), other - other.mean()
    return float((one * two).sum() / max(np.linalg.norm(one) * np.linalg.norm(two), 1.0))


def _photographed(paths: Sequence[Path], detector: Detector) -> Iterator[ShownFace]:
    finder = None if detector == "none" else make_finder(DetectConfig(kind=detector))
    for path in paths:
        image = read_image(path)
        found = _whole(image) if finder is None else finder.find(image)
        if not found:
            raise EdgeFerError(
                f"no face found in {path} by {detector}: try another --detector, or none where "
                "all of it is a face"
            )
        for face in found:
            yield ShownFace(path.name, face_image(image, face.region))


def _whole(image: ImageArray) -> tuple[Face, ...]:
    height, width = image.shape[:2]
    box = Box(0, 0, width, height)
    return (Face(box, box),)
