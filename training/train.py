"""Train a network on FER-2013's Training split, its checkpoint chosen on PublicTest."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np

from edge.emotions import EMOTIONS, FACE_SIZE
from edge.errors import EdgeFerError
from training.architectures import ANY_SIZE, build, with_votes
from training.batches import Batches, targets
from training.callbacks import Keep, Reseed
from training.checkpoint import RunFolder
from training.data import DataError, DataSet, Samples, as_input
from training.heads import begin_with
from training.progress import TrainingProgress
from training.recipe import Growth, Recipe
from training.teachers import Answers, Teachers, fingerprints


@dataclass(frozen=True)
class Run:
    """What a run depends on besides the data; the same run gives the same history.

    `recipe_name` says where the recipe came from.
    `precision` is a Keras dtype policy: ``float32``, ``mixed_bfloat16`` or ``mixed_float16``.
    `teachers` are ``.keras`` files, for a recipe with a share of teaching; `start` is one whose
    weights training begins with, for another turn of the schedule (SGDR, 2016).
    """

    architecture: str
    recipe: Recipe
    recipe_name: str = "custom"
    seed: int = 0
    precision: str = "float32"
    teachers: tuple[Path, ...] = ()
    start: Path | None = None

    def options(self) -> dict[str, Any]:
        """Return all of it by name, as JSON has it."""
        mine = {
            "architecture": self.architecture,
            "recipe": self.recipe_name,
            "seed": self.seed,
            "precision": self.precision,
        }
        return mine | self.recipe.model_dump()

    @property
    def growth(self) -> Growth | None:
        """Small faces first: the recipe's, where the network takes faces of any size."""
        return self.recipe.growth if self.architecture in ANY_SIZE else None


def train(data: DataSet, folder: Path, run: Run, resume: bool) -> None:
    """Train until the recipe's epochs are done, from the last whole epoch with `resume`.

    What it leaves in `folder` is told in `training.checkpoint`.

    Raises
    ------
    EdgeFerError
        If the folder holds another run or cannot be written, the loss is no longer a number, or
        the memory does not suffice. What the epochs before left is still there.
    """
    recipe = run.recipe
    _refuse_missing_emotions(data)
    _refuse_idle_teachers(run)
    keras.config.set_dtype_policy(run.precision)
    keras.utils.set_random_seed(run.seed)
    training, public = data["Training"], data["PublicTest"]
    training = training.chosen(training.show_emotion)
    steps = len(training) // recipe.batch_size
    if steps == 0:
        raise EdgeFerError(
            f"{len(training)} Training faces do not fill one batch of {recipe.batch_size}"
        )
    votes = recipe.votes > 0 and training.votes is not None
    model = _compiled(run, steps, votes)
    kept = RunFolder(folder)
    learned = {
        "training_faces": len(training),
        "training_sha256": training.fingerprint(),
        "public_sha256": public.fingerprint(),
        "learns_votes": votes,
        "teachers": fingerprints(run.teachers),
        "start": fingerprints([run.start])[0] if run.start else None,
    }
    teachers = Teachers(run.teachers) if run.teachers else None
    if resume:
        kept.resume(run.options() | learned, model)
        click.echo(f"{len(kept.history)} of {recipe.epochs} epochs are done", err=True)
    else:
        kept.start(run.options() | learned)
        if run.start is not None:
            begin_with(model, run.start)
    if len(training) < len(data["Training"]):
        left_out = len(data["Training"]) - len(training)
        click.echo(f"{left_out} Training pictures show no emotion: left out", err=True)
    progress = TrainingProgress(recipe.epochs, steps)
    callbacks = [progress, Reseed(run.seed), Keep(kept, steps)]
    # On whole faces all along, also while smaller ones are learned: the epochs are comparable so.
    measured = (as_input(public.images), targets(public, votes))
    try:
        teaching = _teaching(teachers, recipe, training)
        for size, until in _phases(run):
            done = len(kept.history)
            if done < until:
                model.fit(
                    Batches(training, recipe, run.seed, done, size, teaching),
                    validation_data=measured,
                    validation_batch_size=256,
                    initial_epoch=done,
                    epochs=until,
                    shuffle=False,
                    verbose=0,
                    callbacks=callbacks,
                )
    except KeyboardInterrupt:
        raise EdgeFerError(f"interrupted: {kept.kept()}, {kept.go_on()}") from None
    except Exception as error:
        if not _out_of_memory(error):
            raise
        raise EdgeFerError(
            f"out of memory: lower --batch-size, {recipe.batch_size} now; {kept.kept()}"
        ) from None
    finally:
        progress.close()


def _teaching(
    teachers: Teachers | None, recipe: Recipe, training: Samples
) -> Teachers | Answers | None:
    """Return who answers for the batches, or what they said once."""
    if teachers is None or recipe.teachers_see == "augmented":
        return teachers
    return teachers.plain_answers(training.images)


def _out_of_memory(error: Exception) -> bool:
    """Return whether a backend ran out of memory; each has an error of its own for that."""
    said = f"{type(error).__name__} {error}".lower()
    return isinstance(error, MemoryError) or any(
        word in said for word in ("resourceexhausted", "resource_exhausted", "out of memory")
    )


def _refuse_missing_emotions(data: DataSet) -> None:
    counts = np.bincount(data["Training"].labels, minlength=len(EMOTIONS))
    missing = [emotion for emotion, count in zip(EMOTIONS, counts, strict=True) if count == 0]
    if missing:
        raise DataError(f"{data.path} has no Training face labelled {', '.join(missing)}")


def _refuse_idle_teachers(run: Run) -> None:
    if bool(run.teachers) != (run.recipe.teaching > 0):
        raise EdgeFerError(
            f"recipe {run.recipe_name} has teaching {run.recipe.teaching:g}, and "
            f"{len(run.teachers) or 'no'} --teacher is given: the two go together"
        )


def _phases(run: Run) -> list[tuple[int, int]]:
    """Return the side of the faces and the number of epochs that are done after it."""
    epochs = run.recipe.epochs
    if run.growth is None:
        return [(FACE_SIZE, epochs)]
    small = min(round(epochs * run.growth.share), epochs - 1)
    return [(run.growth.size, small), (FACE_SIZE, epochs)]


def _compiled(run: Run, steps: int, votes: bool) -> keras.Model:
    recipe = run.recipe
    options = {} if run.growth is None else {"size": None}
    model = build(run.architecture, dropout=recipe.dropout, **options)
    if votes:
        model = with_votes(model)
    entropy = keras.losses.CategoricalCrossentropy
    model.compile(
        optimizer=_optimizer(recipe, steps),
        loss={"emotion": entropy(), "votes": entropy()} if votes else entropy(),
        loss_weights={"emotion": 1.0, "votes": recipe.votes} if votes else None,
        metrics={"emotion": ["accuracy"]} if votes else ["accuracy"],
        # TensorFlow's graphs are quick enough as they are; JAX without it would be hopeless.
        jit_compile=keras.backend.backend() == "jax",
    )
    return model


def _optimizer(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    rate = _schedule(recipe, steps * recipe.epochs)
    if recipe.optimizer == "adam":
        optimizer = keras.optimizers.AdamW(
            rate, weight_decay=recipe.weight_decay, global_clipnorm=recipe.clip_norm
        )
    else:
        optimizer = keras.optimizers.SGD(
            rate, momentum=0.9, nesterov=True,
            weight_decay=recipe.weight_decay, global_clipnorm=recipe.clip_norm,
        )  # fmt: skip
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def _schedule(recipe: Recipe, total: int) -> Any:
    """Return a Keras schedule over `total` steps, or a constant."""
    if recipe.schedule == "constant":
        return recipe.learning_rate
    warmup = round(total * recipe.warmup)
    if warmup == 0:
        return keras.optimizers.schedules.CosineDecay(recipe.learning_rate, total)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=recipe.learning_rate / 25,
        decay_steps=max(1, total - warmup),
        warmup_target=recipe.learning_rate,
        warmup_steps=warmup,
    )
