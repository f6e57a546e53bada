"""The batches that training reads.

A batch depends on nothing but the seed, the epoch and its own number: training that was
interrupted sees the same faces again, whatever the Keras backend.
"""

from collections.abc import Mapping

import keras
import numpy as np
from numpy.typing import NDArray

from edge.emotions import EMOTIONS, FACE_SIZE
from training.augment import FloatArray, augment, mix
from training.data import Samples
from training.recipe import Recipe
from training.teachers import Answers, Teachers

Targets = FloatArray | dict[str, FloatArray]
"""``[n, 7]``, or one such array for each output where the network has two."""


def targets(samples: Samples, votes: bool) -> Targets:
    """Return what the network should say of `samples`; with `votes` for two outputs."""
    return _for_keras(_wanted(samples, votes))


def _wanted(samples: Samples, votes: bool) -> dict[str, FloatArray]:
    wanted = {"emotion": np.eye(len(EMOTIONS), dtype=np.float32)[samples.labels]}
    if votes and samples.votes is not None:
        # A row of zeros, without a vote for one of the seven, makes the cross-entropy zero.
        wanted["votes"] = samples.votes
    return wanted


def _for_keras(wanted: dict[str, FloatArray]) -> Targets:
    return wanted if "votes" in wanted else wanted["emotion"]


class Batches(keras.utils.PyDataset):
    """Shuffled, augmented batches of a split, the same for the same seed and epoch.

    The last, smaller batch of an epoch is left out; the shuffle gives those faces another turn.
    `teachers` answer for a share of every target, as the recipe says; their `Answers` for all
    faces may be given instead, ready.
    """

    def __init__(
        self, samples: Samples, recipe: Recipe, seed: int, epoch: int = 0, size: int = FACE_SIZE,
        teachers: Teachers | Answers | None = None,
    ) -> None:  # fmt: skip
        # With more workers Keras on JAX looks ahead once and begins with the epoch after.
        super().__init__(workers=1, use_multiprocessing=False)
        self._images = samples.images
        self._wanted = _wanted(samples, recipe.votes > 0)
        self._draws = _draws(samples.labels, recipe.balance)
        self._weights = _power(samples.labels, recipe.class_weights)
        self._recipe = recipe
        self._seed = seed
        self._epoch = epoch
        self._size = size
        self._teachers = teachers
        self._shuffle()

    def __len__(self) -> int:
        return len(self._images) // self._recipe.batch_size

    def __getitem__(self, index: int) -> tuple[FloatArray, Targets]:
        """Return batch `index`: faces ``[b, size, size, 1]`` and the targets, ``[b, 7]`` each."""
        random = np.random.default_rng((self._seed, self._epoch, index))
        size = self._recipe.batch_size
        chosen = self._order[index * size : (index + 1) * size]
        how = self._recipe.augmentation
        faces = augment(self._images[chosen], how, random, self._size)
        wanted = {name: rows[chosen] for name, rows in self._wanted.items()}
        answers: Answers = {}
        if isinstance(self._teachers, Mapping):
            answers = {name: rows[chosen] for name, rows in self._teachers.items()}
        mix(faces, [*wanted.values(), *answers.values()], how, random)
        labels = wanted["emotion"]
        smooth = np.float32(self._recipe.label_smoothing)
        # Cross-entropy is linear in its target: a weight of the row is a weight of the loss.
        weights = labels @ self._weights[:, np.newaxis]
        wanted["emotion"] = weights * ((1 - smooth) * labels + smooth / len(EMOTIONS))
        batch = faces[..., np.newaxis]
        if isinstance(self._teachers, Teachers):
            answers = self._teachers.answers(batch)
        share = np.float32(self._recipe.teaching)
        for name in wanted.keys() & answers.keys():
            wanted[name] = (1 - share) * wanted[name] + share * answers[name]
        return batch, _for_keras(wanted)

    def on_epoch_end(self) -> None:
        """Go on to the next epoch's order."""
        self._epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        random = np.random.default_rng((self._seed, self._epoch))
        whole = np.floor(self._draws).astype(np.int64)
        times = whole + (random.random(len(whole)) < self._draws - whole)
        drawn = random.permutation(np.repeat(np.arange(len(times)), times))
        short = len(times) - len(drawn)
        if short > 0:
            drawn = np.concatenate([drawn, random.permutation(len(times))[:short]])
        self._order = drawn[: len(times)]


def _power(labels: NDArray[np.int64], power: float) -> FloatArray:
    """Return for every emotion its count to the power of minus `power`, 0 where there is none."""
    counts = np.bincount(labels, minlength=len(EMOTIONS)).astype(np.float64)
    weights = np.where(counts > 0, np.maximum(counts, 1) ** -power, 0)
    return np.asarray(weights * counts.sum() / (weights * counts).sum(), np.float32)


def _draws(labels: NDArray[np.int64], balance: float) -> NDArray[np.float64]:
    """Return how often each face is drawn in an epoch, once on average."""
    return np.asarray(_power(labels, balance)[labels], np.float64).round(6)
