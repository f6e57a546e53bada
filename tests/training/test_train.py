"""Training as a user runs it, on a data set small enough to learn in seconds."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.fer2013 import write_csv
from tests.support.system import Process, eventually
from training.augment import Augmentation, Batches
from training.data import Samples, read_fer2013

REPOSITORY = Path(__file__).parents[2]
SMALL = ("--epochs", "3", "--batch-size", "10", "--learning-rate", "0.01")

pytestmark = pytest.mark.timeout(300)


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "training", *map(str, arguments)]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=250, check=False
    )


def history(folder: Path) -> list[dict[str, float]]:
    with (folder / "history.csv").open() as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("data") / "fer2013.csv")


@pytest.fixture(scope="module")
def unbroken(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    done = run("train", data, "--out", folder, *SMALL)
    assert done.returncode == 0, done.stderr
    assert "epoch 3/3" in done.stdout
    return folder


def test_a_run_leaves_its_checkpoints_and_history(unbroken: Path) -> None:
    rows = history(unbroken)
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert rows[-1]["learning_rate"] == pytest.approx(0, abs=1e-6)
    assert (unbroken / "best.keras").is_file()
    assert (unbroken / "last.keras").is_file()


def test_a_run_that_is_killed_goes_on_as_if_nothing_had_happened(
    data: Path, unbroken: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    process = Process(command("train", data, "--out", folder, *SMALL), tmp_path / "log")
    eventually(
        lambda: (folder / "last.keras").exists() or process.popen.poll() is not None,
        120,
        "an epoch",
    )
    process.kill()
    assert len(history(folder)) < 3, "killed too late to tell"
    done = run("train", data, "--out", folder, *SMALL, "--resume")
    assert done.returncode == 0, done.stderr
    assert "epoch 1/3" not in done.stdout
    for before, after in zip(history(unbroken), history(folder), strict=True):
        for key in ("epoch", "loss", "accuracy", "val_loss", "learning_rate"):
            assert after[key] == pytest.approx(before[key], rel=1e-4, abs=1e-6), key


def test_a_folder_with_a_run_is_not_written_over(data: Path, unbroken: Path) -> None:
    done = run("train", data, "--out", unbroken, *SMALL)
    assert done.returncode == 1
    assert "holds a training run: add --resume" in done.stderr
    assert "Traceback" not in done.stderr


def test_resuming_with_other_options_is_refused(data: Path, unbroken: Path) -> None:
    done = run("train", data, "--out", unbroken, *SMALL, "--seed", "7", "--resume")
    assert done.returncode == 1
    assert "seed was 0, now 7" in done.stderr


def test_evaluate_measures_the_checkpoint(data: Path, unbroken: Path) -> None:
    done = run("evaluate", unbroken / "best.keras", data)
    assert done.returncode == 0, done.stderr
    assert "on PublicTest" in done.stdout
    best = max(row["val_accuracy"] for row in history(unbroken))
    assert f"{best:.2%} of 14 faces right" in done.stdout


@pytest.mark.parametrize("arguments", [("train", "none.csv"), ("evaluate", "none.keras", "x.csv")])
def test_missing_files_are_one_line(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 1
    assert "error: no data set at" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_comes_without_tensorflow() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "training", "train", "--help"],
        capture_output=True, text=True, timeout=60, check=True, env={**os.environ},
    )  # fmt: skip
    assert "--label-smoothing" in done.stdout
    assert "tensorflow" not in done.stderr


def test_batches_depend_on_seed_epoch_and_number_alone(data: Path) -> None:
    samples = read_fer2013(data)["Training"]

    def batch(seed: int, epoch: int) -> np.ndarray:
        return Batches(samples, 10, seed, epoch, Augmentation())[3][0]

    later = Batches(samples, 10, 0, 0, Augmentation())
    later.on_epoch_end()
    assert np.array_equal(batch(0, 1), later[3][0])
    assert not np.array_equal(batch(0, 0), batch(0, 1))
    assert not np.array_equal(batch(0, 0), batch(1, 0))


def test_an_epoch_shows_every_face_once(data: Path) -> None:
    plain = Augmentation(flip=0, rotation=0, scale=0, shift=0, contrast=0, brightness=0, erase=0)
    samples = read_fer2013(data)["Training"]
    batches = Batches(samples, 10, 0, 0, plain)
    seen = np.concatenate([batches[number][0] for number in range(len(batches))])
    assert seen.shape == (70, 48, 48, 1)
    expected = sorted(image.astype(int).sum() for image in samples.images)
    assert sorted(round(float(face.sum()) * 255) for face in seen) == pytest.approx(expected, abs=2)


def test_augmented_faces_stay_in_range() -> None:
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (48, 48), dtype=np.uint8)
    faces = np.stack([Augmentation()(image, random) for _ in range(200)])
    assert faces.dtype == np.float32
    assert faces.min() >= 0
    assert faces.max() <= 1
    assert len({face.tobytes() for face in faces}) == 200


def test_a_flip_mirrors_the_face() -> None:
    image = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    flip = Augmentation(flip=1, rotation=0, scale=0, shift=0, contrast=0, brightness=0, erase=0)
    face = flip(image, np.random.default_rng(0))
    assert np.allclose(face, image[:, ::-1] / 255, atol=1e-6)


def test_samples_know_their_number() -> None:
    assert len(Samples(np.zeros((3, 48, 48), np.uint8), np.zeros(3, np.int64))) == 3
