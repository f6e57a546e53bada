"""Train a network on FER-2013's Training split, its checkpoint chosen on PublicTest."""

import math
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge.emotions import EMOTIONS
from edge.errors import EdgeFerError
from training.architectures import build
from training.augment import Augmentation, Batches, as_input
from training.checkpoint import RunFolder
from training.data import Samples, Split
from training.options import TrainingOptions
from training.progress import TrainingProgress


def train(data: dict[Split, Samples], folder: Path, options: TrainingOptions, resume: bool) -> None:
    """Train until `options.epochs` are done, from the last whole epoch with `resume`.

    Leaves ``best.keras``, ``last.keras``, ``history.csv`` and ``run.json`` in `folder`.

    Raises
    ------
    EdgeFerError
        If the folder holds another run, or the loss is no longer finite.
    """
    keras.config.set_dtype_policy(options.precision)
    keras.utils.set_random_seed(options.seed)
    steps = len(data["Training"]) // options.batch_size
    if steps == 0:
        raise EdgeFerError(
            f"{len(data['Training'])} Training faces do not fill one batch of {options.batch_size}"
        )
    run = RunFolder(folder)
    model = _compiled(options, steps)
    if resume:
        run.resume(options, model)
    else:
        run.start(options)
    done = len(run.history)
    progress = TrainingProgress(options.epochs, steps)
    public = data["PublicTest"]
    try:
        model.fit(
            Batches(data["Training"], options.batch_size, options.seed, done, Augmentation()),
            validation_data=(
                as_input(public.images),
                np.eye(len(EMOTIONS), dtype=np.float32)[public.labels],
            ),
            validation_batch_size=256,
            initial_epoch=done,
            epochs=options.epochs,
            shuffle=False,
            verbose=0,
            callbacks=[progress, _Reseed(options.seed), _Keep(run, steps)],
        )
    finally:
        progress.close()


def _compiled(options: TrainingOptions, steps: int) -> keras.Model:
    model = build(options.architecture, dropout=options.dropout)
    total = steps * options.epochs
    warmup = round(total * options.warmup)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=options.learning_rate / 25,
        decay_steps=max(1, total - warmup),
        warmup_target=options.learning_rate,
        warmup_steps=warmup,
    )
    optimizer = keras.optimizers.SGD(
        schedule, momentum=options.momentum, nesterov=True, weight_decay=options.weight_decay
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    model.compile(
        optimizer=optimizer,
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=options.label_smoothing),
        metrics=["accuracy"],
        jit_compile=False,
    )
    return model


class _Reseed(keras.callbacks.Callback):
    """Give dropout fresh seeds for every epoch, by the run's seed and the epoch alone.

    A checkpoint does not hold the state of Keras' seed generators: without this, a run that was
    interrupted would go on with other dropout masks than an unbroken one.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        random = np.random.default_rng((self._seed, epoch, 1))
        for layer in self.model.layers:
            if isinstance(layer, keras.layers.Dropout) and layer.rate > 0:
                layer.seed_generator.state.assign([random.integers(1, 2**31), 0])


class _Keep(keras.callbacks.Callback):
    """Record every epoch in the run's folder."""

    def __init__(self, run: RunFolder, steps: int) -> None:
        super().__init__()
        self._run = run
        self._steps = steps
        self._began = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = logs or {}
        if not math.isfinite(logs["loss"]):
            raise EdgeFerError(
                f"the loss is {logs['loss']} in epoch {epoch + 1}: lower --learning-rate; "
                f"{self._run.last} holds the epoch before"
            )
        row = {
            "epoch": epoch + 1,
            "steps": self._steps,
            **{k: float(logs[k]) for k in ("loss", "accuracy", "val_loss", "val_accuracy")},
            "learning_rate": float(self.model.optimizer.learning_rate),
            "seconds": time.monotonic() - self._began,
        }
        self._run.epoch_done(self.model, row)
