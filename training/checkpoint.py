"""What a training run leaves in its folder, written so that a kill at any moment loses nothing.

``last.keras``
    The network with its optimizer after the last whole epoch; resuming starts from it.
``best.keras``
    The network of the epoch with the highest PublicTest accuracy, in float32; evaluate and
    convert this one. ``model.json`` and ``model.weights.h5`` hold the same in two parts.
``best-votes.keras``
    The same with the output that learned the FER+ votes, where there is one.
``history.csv``, ``curves.png``
    Every epoch's loss and accuracy, the same on PublicTest, learning rate and seconds.
``run.json``
    The options of the run; resuming with others is refused.
"""

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import keras

from edge.errors import EdgeFerError
from edge.whole_file import whole_file
from training.curves import COLUMNS, HistoryRow, curves_figure
from training.figures import save_png
from training.heads import has_votes, single

Options = dict[str, Any]


@dataclass
class RunFolder:
    """The files of one training run."""

    path: Path
    history: list[HistoryRow] = field(default_factory=list)

    @property
    def last(self) -> Path:
        """The checkpoint that training resumes from."""
        return self.path / "last.keras"

    def start(self, options: Options) -> None:
        """Claim the folder for a new run with `options`.

        Raises
        ------
        EdgeFerError
            If a run is there already, or the folder cannot be written.
        """
        if self.last.exists() or self._has_a_best_to_lose():
            raise EdgeFerError(
                f"{self.path} holds a training run: add --resume, or choose another --out"
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            _write(self.path / "run.json", json.dumps(options, indent=2) + "\n")
        except OSError as error:
            raise EdgeFerError(f"cannot write to {self.path}: {error.strerror}") from None

    def _has_a_best_to_lose(self) -> bool:
        """Return whether a best network is there, other than of a first epoch cut off."""
        if not (self.path / "best.keras").exists():
            return False
        try:
            return len(read_history(self.path / "history.csv")) > 1
        except (OSError, ValueError):
            return True

    def resume(self, options: Options, model: keras.Model) -> None:
        """Load the last checkpoint into the compiled `model`, and the history up to it.

        Into a model made anew, because not all that an optimizer was told is in the file: which
        weights are excluded from decay is not.

        Raises
        ------
        EdgeFerError
            If there is nothing to resume, it is damaged, or the options differ.
        """
        if not self.last.is_file():
            raise EdgeFerError(f"no epoch was done in {self.path}: leave --resume out")
        try:
            before = dict(json.loads((self.path / "run.json").read_text()))
            rows = read_history(self.path / "history.csv")
            saved = keras.models.load_model(self.last)
        except (OSError, ValueError, TypeError, KeyError, BadZipFile) as error:
            raise EdgeFerError(f"cannot resume from {self.path}: {error}") from None
        changed = [k for k in options if options[k] != before.get(k)]
        if changed:
            said = ", ".join(f"{k} was {before.get(k)}, now {options[k]}" for k in changed)
            raise EdgeFerError(f"cannot resume {self.path} with other options: {said}")
        # The row is written before the checkpoint: a kill between the two leaves one too many.
        done = int(saved.optimizer.iterations)
        self.history = [row for row in rows if row["iterations"] <= done]
        model.set_weights(saved.get_weights())
        model.optimizer.build(model.trainable_variables)
        for now_empty, full in zip(
            model.optimizer.variables, saved.optimizer.variables, strict=True
        ):
            now_empty.assign(full)

    def epoch_done(self, model: keras.Model, row: HistoryRow) -> None:
        """Record an epoch.

        Raises
        ------
        EdgeFerError
            If it cannot be written; the checkpoint of the epoch before is still there.
        """
        best = all(row["val_accuracy"] > old["val_accuracy"] for old in self.history)
        history = [*self.history, row]
        lines = [",".join(row)]
        lines += [",".join(f"{value:.8g}" for value in old.values()) for old in history]
        try:
            _write(self.path / "history.csv", "\n".join(lines) + "\n")
            if best:
                self._keep_best(model)
            with whole_file(self.last) as path:
                model.save(path)
            save_png(curves_figure(history), self.path / "curves.png")
        except OSError as error:
            raise EdgeFerError(
                f"cannot keep epoch {len(history)} in {self.path}: {error.strerror or error}: "
                f"mend that, then {self.go_on()}; {self.kept()}"
            ) from None
        self.history = history

    def kept(self) -> str:
        """Say what a run that failed has left."""
        if not self.history:
            return "no epoch was done"
        return f"{self.last} holds epoch {len(self.history)}"

    def go_on(self) -> str:
        """Say how to go on from there."""
        return "go on with --resume" if self.history else "run it again"

    def _keep_best(self, model: keras.Model) -> None:
        network = single(model)
        with whole_file(self.path / "best.keras") as path:
            network.save(path)
        with whole_file(self.path / "model.weights.h5") as path:
            network.save_weights(path)
        _write(self.path / "model.json", network.to_json())
        if has_votes(model):
            with whole_file(self.path / "best-votes.keras") as path:
                single(model, "votes").save(path)


def read_history(path: Path) -> list[HistoryRow]:
    """Read a ``history.csv``, a row an epoch.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is damaged or empty.
    """
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        try:
            rows = [_numbers(row) for row in reader]
        except (KeyError, TypeError, ValueError):
            raise ValueError(f"{path} is damaged in line {reader.line_num}") from None
    if not rows:
        raise ValueError(f"{path} is empty")
    return rows


def _numbers(row: dict[str, str]) -> HistoryRow:
    if "iterations" not in row:  # runs of before it was written
        row["iterations"] = str(float(row["epoch"]) * float(row["steps"]))
    return {name: float(row[name]) for name in COLUMNS}


def _write(path: Path, text: str) -> None:
    with whole_file(path) as new:
        new.write_text(text, encoding="utf-8")
