"""What a training run leaves in its folder, written so that a kill at any moment loses nothing.

``last.keras``
    The model with its optimizer after the last whole epoch; resuming starts from it.
``best.keras``
    The model of the epoch with the highest PublicTest accuracy; what is evaluated and converted.
``history.csv``
    A row an epoch: loss, accuracy, the same on PublicTest, learning rate, seconds.
``run.json``
    The options of the run; resuming with others is refused.
"""

import csv
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras

from edge.errors import EdgeFerError

HistoryRow = dict[str, float]


@dataclass
class RunFolder:
    """The files of one training run."""

    path: Path
    history: list[HistoryRow] = field(default_factory=list)

    @property
    def last(self) -> Path:
        """The checkpoint that training resumes from."""
        return self.path / "last.keras"

    @property
    def best(self) -> Path:
        """The checkpoint with the highest PublicTest accuracy."""
        return self.path / "best.keras"

    def start(self, options: Any) -> None:
        """Claim the folder for a new run with the dataclass `options`.

        Raises
        ------
        EdgeFerError
            If a run is there already.
        """
        if self.last.exists():
            raise EdgeFerError(
                f"{self.path} holds a training run: add --resume, or choose another --out"
            )
        self.path.mkdir(parents=True, exist_ok=True)
        _write_whole(self.path / "run.json", json.dumps(asdict(options), indent=2) + "\n")

    def resume(self, options: Any, model: keras.Model) -> None:
        """Load the last checkpoint into the compiled `model`, and the history up to it.

        Into a model made anew, because not all that an optimizer was told is in the file: which
        weights are excluded from decay is not.

        Raises
        ------
        EdgeFerError
            If there is nothing to resume, it is damaged, or the options differ.
        """
        try:
            before = json.loads((self.path / "run.json").read_text())
            saved = keras.models.load_model(self.last)
            with (self.path / "history.csv").open(newline="") as file:
                rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
        except (OSError, ValueError) as error:
            raise EdgeFerError(f"cannot resume from {self.path}: {error}") from None
        now = asdict(options)
        changed = [k for k in now if now[k] != before.get(k)]
        if changed:
            said = ", ".join(f"{k} was {before.get(k)}, now {now[k]}" for k in changed)
            raise EdgeFerError(f"cannot resume {self.path} with other options: {said}")
        # The row is written before the checkpoint: a kill between the two leaves one too many.
        done = int(saved.optimizer.iterations) // int(rows[0]["steps"])
        self.history = rows[:done]
        model.set_weights(saved.get_weights())
        model.optimizer.build(model.trainable_variables)
        for now_empty, full in zip(
            model.optimizer.variables, saved.optimizer.variables, strict=True
        ):
            now_empty.assign(full)

    def epoch_done(self, model: keras.Model, row: HistoryRow) -> bool:
        """Record an epoch; return whether it is the best so far."""
        best = all(row["val_accuracy"] > old["val_accuracy"] for old in self.history)
        self.history.append(row)
        lines = [",".join(row)]
        lines += [",".join(f"{value:.8g}" for value in old.values()) for old in self.history]
        _write_whole(self.path / "history.csv", "\n".join(lines) + "\n")
        if best:
            _save_whole(model, self.best)
        _save_whole(model, self.last)
        return best


def _write_whole(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def _save_whole(model: keras.Model, path: Path) -> None:
    new = path.with_name(f".{path.name}")
    model.save(new)
    new.replace(path)
