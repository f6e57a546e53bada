"""What happens at the borders of an epoch: fresh seeds for dropout, and the run's files."""

import math
import time
from typing import Any

import keras
import numpy as np

from edge.errors import EdgeFerError
from training.checkpoint import RunFolder


class Reseed(keras.callbacks.Callback):
    """Give dropout fresh seeds for every epoch, by the run's seed and the epoch alone.

    A checkpoint does not hold the state of Keras' seed generators: without this, a run that was
    interrupted would go on with other dropout masks than an unbroken one.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Seed every dropout layer."""
        random = np.random.default_rng((self._seed, epoch, 1))
        for layer in self.model.layers:
            if isinstance(layer, keras.layers.Dropout) and layer.rate > 0:
                layer.seed_generator.state.assign([random.integers(1, 2**31), 0])


class Keep(keras.callbacks.Callback):
    """Record every epoch in the run's folder; end the run when its loss is no number."""

    def __init__(self, run: RunFolder, steps: int) -> None:
        super().__init__()
        self._run = run
        self._steps = steps
        self._began = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the epoch's clock."""
        self._began = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Stop at a loss that is no number: what follows would be none either."""
        if logs and not math.isfinite(logs["loss"]):
            raise EdgeFerError(
                f"the loss is {logs['loss']} in step {batch + 1} of epoch "
                f"{len(self._run.history) + 1}: lower the learning rate; {self._run.kept()}"
            )

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the epoch's row and checkpoint."""
        logs = logs or {}
        row = {
            "epoch": epoch + 1,
            "steps": self._steps,
            "loss": float(logs["loss"]),
            "accuracy": accuracy(logs),
            "val_loss": float(logs["val_loss"]),
            "val_accuracy": accuracy(logs, "val_"),
            "learning_rate": float(self.model.optimizer.learning_rate),
            "seconds": time.monotonic() - self._began,
            "iterations": int(self.model.optimizer.iterations),
        }
        self._run.epoch_done(self.model, row)


def accuracy(logs: dict[str, Any], prefix: str = "") -> float:
    """Return the accuracy of the output ``emotion``, whether it is alone or not."""
    both = logs.get(f"{prefix}emotion_accuracy")
    return float(logs[f"{prefix}accuracy"] if both is None else both)
