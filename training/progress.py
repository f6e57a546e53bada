"""The progress bar of a training run: an epoch a bar, with loss, accuracy and the time left."""

import time
from typing import Any

import keras
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from training.callbacks import accuracy


class TrainingProgress(keras.callbacks.Callback):
    """Show the epoch's steps as a bar on a terminal, and a line an epoch everywhere."""

    def __init__(self, epochs: int, steps: int, console: Console | None = None) -> None:
        super().__init__()
        self._epochs = epochs
        self._steps = steps
        self._console = console or Console()
        self._started = time.monotonic()
        self._steps_done = 0
        self._first_epoch = 0
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start the bar, once: training may come in several parts."""
        if self._steps_done > 0:
            return
        self._started = time.monotonic()
        if self._console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[figures]}"),
                console=self._console,
            )
            self._bar.start()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start an epoch's bar."""
        if self._steps_done == 0:
            self._first_epoch = epoch
        if self._bar is not None:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(
                f"epoch {epoch + 1}/{self._epochs}", total=self._steps, figures=""
            )

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Advance the bar by a step."""
        self._steps_done += 1
        if self._bar is not None and self._task is not None and logs:
            so_far = f"loss {logs['loss']:.3f}  accuracy {accuracy(logs):.3f}"
            figures = f"{so_far}  left {self._time_left()}"
            self._bar.update(self._task, completed=batch + 1, figures=figures)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Print the epoch's figures."""
        logs = logs or {}
        self._console.print(
            f"epoch {epoch + 1}/{self._epochs}  loss {logs['loss']:.4f}  "
            f"accuracy {accuracy(logs):.4f}  PublicTest loss {logs['val_loss']:.4f}  "
            f"accuracy {accuracy(logs, 'val_'):.4f}  left {self._time_left()}",
            highlight=False,
            soft_wrap=True,
        )

    def close(self) -> None:
        """Take the bar down."""
        if self._bar is not None:
            self._bar.stop()

    def _time_left(self) -> str:
        total = (self._epochs - self._first_epoch) * self._steps
        seconds = (time.monotonic() - self._started) / max(1, self._steps_done)
        minutes, rest = divmod(round(seconds * (total - self._steps_done)), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
