"""What trained networks say of a face, for another to learn from.

Knowledge distillation (Hinton et al., 2015) from an ensemble. The teachers look at the very
picture that the learner sees, turned and mixed as it is (Beyer et al., 2021), so their answer is
part of the batch and no part of the learner's graph: any architecture teaches any other, on any
Keras backend, and a checkpoint holds the learner alone.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile

import cv2
import keras
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from edge.emotions import EMOTIONS, FACE_SIZE
from edge.errors import EdgeFerError
from training.augment import FloatArray
from training.data import as_input

Answers = Mapping[str, FloatArray]
"""Probabilities ``[n, 7]`` by the name of the output."""

_AT_ONCE = 256


class Teachers:
    """The mean answer of trained networks.

    Parameters
    ----------
    paths
        ``.keras`` files of runs: ``last.keras``, ``best.keras`` or what ``finish`` wrote, one or
        more.

    Raises
    ------
    EdgeFerError
        If one cannot be loaded or is no network of faces.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._networks = [_load(path) for path in paths]

    def answers(self, faces: FloatArray) -> Answers:
        """Return the mean probabilities ``[n, 7]`` of every output that all of them have.

        Parameters
        ----------
        faces
            ``[n, h, w, 1]``, grey values in 0..1; of another size than a network takes, it is
            shown them resized.
        """
        said = [
            _by_name(network.predict_on_batch(_of_side(faces, network.input_shape[1])))
            for network in self._networks
        ]
        common = set.intersection(*(set(each) for each in said))
        return {
            name: np.mean([each[name] for each in said], axis=0, dtype=np.float32)
            for name in common
        }

    def plain_answers(self, images: NDArray[np.uint8]) -> Answers:
        """Return the mean of what `answers` says of whole faces and of their mirror images.

        Parameters
        ----------
        images
            uint8 ``[n, 48, 48]``.
        """
        console = Console(stderr=True)
        answers: dict[str, list[FloatArray]] = {}
        for start in track(
            range(0, len(images), _AT_ONCE), "teachers", console=console, transient=True,
            disable=not console.is_terminal,
        ):  # fmt: skip
            faces = as_input(images[start : start + _AT_ONCE])
            mirrored = self.answers(faces[:, :, ::-1])
            for name, answer in self.answers(faces).items():
                answers.setdefault(name, []).append(np.float32(0.5) * (answer + mirrored[name]))
        return {name: np.concatenate(parts) for name, parts in answers.items()}


def fingerprints(paths: Sequence[Path]) -> list[str]:
    """Return a hash of each file: a run goes on with the teachers it began with.

    Raises
    ------
    EdgeFerError
        If one cannot be read.
    """
    try:
        return [hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in paths]
    except OSError as error:
        raise EdgeFerError(f"no network at {error.filename}: {error.strerror}") from None


def _load(path: Path) -> keras.Model:
    try:
        network = keras.models.load_model(path, compile=False)
        shape = network.input_shape
    except (OSError, ValueError, TypeError, KeyError, AttributeError, BadZipFile) as error:
        raise EdgeFerError(f"cannot load the teacher {path}: {error}") from None
    faces = len(shape) == 4 and shape[1] in (None, FACE_SIZE) and shape[3] == 1  # noqa: PLR2004 - n, h, w, channels
    if not faces or any(out.shape[1:] != (len(EMOTIONS),) for out in network.outputs):
        raise EdgeFerError(
            f"the teacher {path} takes {shape}: expected a network of faces "
            f"(n, {FACE_SIZE}, {FACE_SIZE}, 1) with {len(EMOTIONS)} probabilities"
        )
    return network


def _of_side(faces: FloatArray, side: int | None) -> FloatArray:
    """Resize faces ``[n, h, w, 1]`` for a network that takes those of one side only."""
    if side in (None, faces.shape[1]):
        return faces
    return np.stack([cv2.resize(face, (side, side))[..., np.newaxis] for face in faces])


def _by_name(said: FloatArray | Mapping[str, FloatArray]) -> Mapping[str, FloatArray]:
    return said if isinstance(said, Mapping) else {"emotion": said}
