"""Training as a user runs it, on a data set small enough to learn in seconds."""

import csv
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import yaml

from tests.support.commands import invoke
from tests.support.fer2013 import write_csv, write_votes
from tests.support.system import Process, eventually
from training.batches import Batches
from training.callbacks import Keep
from training.cli import main
from training.data import as_input
from training.network import load_network
from training.read import read_data
from training.recipe import Recipe
from training.teachers import Teachers

RECIPE = """\
epochs: 3
batch_size: 10
optimizer: sgd
learning_rate: 0.01
warmup: 0.1
weight_decay: 0.001
label_smoothing: 0.1
balance: 0.25
votes: 0.5
augmentation: {flip: 0.5, rotation: 5, erase: 0.2, mix: mixup}
"""

pytestmark = pytest.mark.timeout(300)


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "training", *map(str, arguments)]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    keras.utils.clear_session()
    return invoke(main, *arguments)


def run_alone(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    """Run it as a process of its own, with options of `subprocess.run`."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=250, check=False, **options
    )  # type: ignore[call-overload]


def one_line(done: subprocess.CompletedProcess[str], message: str) -> None:
    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert sum(line.startswith("error:") for line in done.stderr.splitlines()) == 1


def history(folder: Path) -> list[dict[str, float]]:
    with (folder / "history.csv").open() as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_votes(folder / "votes.csv")
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "growing.yaml").write_text(RECIPE + "growth: {size: 24, share: 0.67}\n")
    return write_csv(folder / "fer2013.csv")


def arguments(data: Path, folder: Path, recipe: str = "recipe.yaml") -> list[str | Path]:
    recipe_path = data.with_name(recipe)
    architecture = "edge" if recipe == "growing.yaml" else "shallow"
    return [
        "train", data, "--votes", data.with_name("votes.csv"), "--out", folder,
        "--recipe", recipe_path, "--architecture", architecture,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def unbroken(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    done = run_alone(*arguments(data, folder))
    assert done.returncode == 0, done.stderr
    assert "epoch 3/3" in done.stdout
    return folder


def test_a_run_leaves_its_checkpoints_history_and_curves(unbroken: Path) -> None:
    rows = history(unbroken)
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert rows[-1]["learning_rate"] == pytest.approx(0, abs=1e-6)
    assert {path.name for path in unbroken.iterdir()} == {
        "best.keras", "best-votes.keras", "last.keras", "model.json", "model.weights.h5",
        "history.csv", "curves.png", "run.json",
    }  # fmt: skip
    assert (unbroken / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_model_json_and_weights_are_the_best_network(unbroken: Path, data: Path) -> None:
    faces = as_input(read_data(data)["PublicTest"].images)
    model = keras.models.model_from_json((unbroken / "model.json").read_text())
    model.load_weights(unbroken / "model.weights.h5")
    best = load_network(unbroken / "best.keras")
    assert np.allclose(model.predict(faces, verbose=0), best.predict(faces, verbose=0), atol=1e-6)


def test_the_votes_head_is_another_network_on_the_same_body(unbroken: Path) -> None:
    labels = load_network(unbroken / "best.keras").get_weights()
    votes = load_network(unbroken / "best-votes.keras").get_weights()
    same = [np.array_equal(a, b) for a, b in zip(labels, votes, strict=True)]
    assert all(same[:-2])
    assert not any(same[-2:])


@pytest.mark.timeout(600)
@pytest.mark.parametrize("recipe", ["recipe.yaml", "growing.yaml"])
def test_a_run_that_is_killed_goes_on_as_if_nothing_had_happened(
    data: Path, unbroken: Path, tmp_path: Path, recipe: str
) -> None:
    if recipe == "growing.yaml":
        unbroken = tmp_path / "unbroken"
        assert run_alone(*arguments(data, unbroken, recipe)).returncode == 0
    folder = tmp_path / "run"
    process = Process(command(*arguments(data, folder, recipe)), tmp_path / "log")
    eventually(
        lambda: (folder / "last.keras").exists() or process.popen.poll() is not None,
        250,
        "an epoch",
    )
    process.kill()
    assert len(history(folder)) < 3, "killed too late to tell"
    done = run_alone(*arguments(data, folder, recipe), "--resume")
    assert done.returncode == 0, done.stderr
    assert "epoch 1/3" not in done.stdout
    for before, after in zip(history(unbroken), history(folder), strict=True):
        for key in ("epoch", "loss", "accuracy", "val_loss", "learning_rate"):
            assert after[key] == pytest.approx(before[key], rel=1e-4, abs=1e-6), key


def test_steps_that_float16_skipped_are_no_missing_epoch(
    data: Path, unbroken: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(unbroken, folder)
    model = keras.models.load_model(folder / "last.keras")
    model.optimizer.iterations.assign(model.optimizer.iterations - 1)
    model.save(folder / "last.keras")
    rows = (folder / "history.csv").read_text().splitlines()
    *before, count = rows[-1].split(",")
    rows[-1] = ",".join([*before, str(int(count) - 1)])
    (folder / "history.csv").write_text("\n".join(rows))
    done = run(*arguments(data, folder), "--resume")
    assert done.returncode == 0, done.stderr
    assert "3 of 3 epochs are done" in done.stderr


def test_tensorflow_and_jax_train_alike(data: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE + "dropout: 0\n")  # its masks come from the backend's own dice
    options = ["--recipe", recipe, "--architecture", "edge", "--votes", data.with_name("votes.csv")]
    first = tmp_path / "first"
    assert run("train", data, "--out", first, *options, "--epochs", "1").returncode == 0
    started = json.loads((first / "run.json").read_text())
    (first / "run.json").write_text(json.dumps(started | {"epochs": 2}))
    losses = {}
    for backend in ("tensorflow", "jax"):
        folder = tmp_path / backend
        shutil.copytree(first, folder)
        done = run_alone(
            "train", data, "--out", folder, *options, "--epochs", "2", "--resume",
            env={**os.environ, "KERAS_BACKEND": backend},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        losses[backend] = [history(folder)[1][key] for key in ("loss", "val_loss")]
    assert losses["jax"] == pytest.approx(losses["tensorflow"], rel=1e-3)


@pytest.mark.parametrize(
    ("backend", "words"),
    [("numpy", "choose one of tensorflow, jax, torch"), ("torch", "pip install torch")],
)
def test_a_backend_that_is_not_there_is_one_line(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str, words: str
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", backend)
    monkeypatch.setattr("training.cli.find_spec", lambda _: None)
    one_line(run(*arguments(data, tmp_path / "run")), f"KERAS_BACKEND is {backend}")
    one_line(run(*arguments(data, tmp_path / "run")), words)


def test_a_folder_with_a_run_is_not_written_over(data: Path, unbroken: Path) -> None:
    one_line(run(*arguments(data, unbroken)), "holds a training run: add --resume")


def test_resuming_with_other_options_is_refused(data: Path, unbroken: Path) -> None:
    done = run(*arguments(data, unbroken), "--seed", "7", "--resume")
    one_line(done, "seed was 0, now 7")


def test_a_full_disk_keeps_the_last_checkpoint(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert run(*arguments(data, folder), "--epochs", "1").returncode == 0
    options = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(options | {"epochs": 3}))
    before = (folder / "last.keras").read_bytes()

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = run_alone(*arguments(data, folder), "--resume", preexec_fn=small_files)
    one_line(done, "cannot keep epoch 2")
    assert "holds epoch 1" in done.stderr
    assert (folder / "last.keras").read_bytes() == before
    assert not list(folder.glob(".*"))
    done = run(*arguments(data, folder), "--resume")
    assert done.returncode == 0, done.stderr
    assert len(history(folder)) == 3


def test_a_full_disk_in_the_first_epoch_leaves_nothing_in_the_way(
    data: Path, tmp_path: Path
) -> None:
    """The best network is written before the last: it was there alone, and taken for a run."""
    folder = tmp_path / "run"

    def room_for_the_best() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000_000, 30_000_000))

    once = [*arguments(data, folder), "--epochs", "1"]
    done = run_alone(*once, preexec_fn=room_for_the_best)
    one_line(done, "cannot keep epoch 1")
    assert "run it again; no epoch was done" in done.stderr
    assert (folder / "best.keras").exists()
    assert not (folder / "last.keras").exists()
    done = run(*once)
    assert done.returncode == 0, done.stderr
    (folder / "last.keras").unlink()
    (folder / "history.csv").unlink()
    one_line(run(*once), "holds a training run")  # somebody's network, whoever it is


@pytest.mark.parametrize(("epochs", "words"), [(0, "run it again"), (1, "go on with --resume")])
def test_an_interrupted_run_says_how_to_go_on(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epochs: int, words: str
) -> None:
    before = Keep.on_epoch_begin

    def interrupted(self: Keep, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if epoch == epochs:
            raise KeyboardInterrupt
        before(self, epoch, logs)

    monkeypatch.setattr(Keep, "on_epoch_begin", interrupted)
    done = run(*arguments(data, tmp_path / "run"))
    one_line(done, "interrupted: ")
    assert done.stderr.rstrip().endswith(words)


def test_public_test_is_always_of_whole_faces(data: Path, tmp_path: Path) -> None:
    """It was of small ones in the epochs that learn them: the best of both was no best."""
    folder = tmp_path / "run"
    done = run(*arguments(data, folder, "growing.yaml"))
    assert done.returncode == 0, done.stderr
    public = read_data(data)["PublicTest"]
    said = load_network(folder / "best.keras").predict(as_input(public.images), verbose=0)
    best = max(row["val_accuracy"] for row in history(folder))
    assert float((said.argmax(axis=1) == public.labels).mean()) == pytest.approx(best)


def test_a_loss_that_is_no_number_ends_the_run(data: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "wild.yaml"
    recipe.write_text("epochs: 3\nbatch_size: 10\nlearning_rate: 1.0e+30\noptimizer: sgd\n")
    done = run(
        "train", data, "--out", tmp_path / "run", "--recipe", recipe, "--architecture", "shallow"
    )
    one_line(done, "lower the learning rate; no epoch was done")


def test_a_folder_that_cannot_be_written_is_one_line(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    one_line(run(*arguments(data, tmp_path / "file" / "run")), "cannot write to")


def test_a_missing_emotion_is_one_line(data: Path, tmp_path: Path) -> None:
    lines = [line for line in data.read_text().splitlines() if not line.startswith("1,")]
    path = tmp_path / "fer2013.csv"
    path.write_text("\n".join(lines))
    done = run("train", path, "--out", tmp_path / "run")
    one_line(done, "has no Training face labelled disgust")


@pytest.mark.parametrize("arguments", [("train", "none.csv"), ("evaluate", "none.keras", "x.csv")])
def test_missing_files_are_one_line(arguments: tuple[str, ...]) -> None:
    one_line(run(*arguments), "error: no data set at")


def test_help_comes_without_tensorflow() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "training", "train", "--help"],
        capture_output=True, text=True, timeout=60, check=True, env={**os.environ},
    )  # fmt: skip
    assert "--recipe" in done.stdout
    assert "tensorflow" not in done.stderr


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("history.csv", "", "history.csv is empty"),
        ("history.csv", "epoch,steps\n1,7\n", "history.csv is damaged in line 2"),
        ("run.json", "[1]", "cannot resume from"),
        ("run.json", "{", "cannot resume from"),
        ("last.keras", "no zip", "cannot resume from"),
    ],
)
def test_damaged_files_of_a_run_are_one_line(
    data: Path, unbroken: Path, tmp_path: Path, name: str, content: str, message: str
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(unbroken, folder)
    (folder / name).write_text(content)
    one_line(run(*arguments(data, folder), "--resume"), message)


def test_a_run_does_not_go_on_with_other_data(data: Path, unbroken: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(unbroken, folder)
    before = data.read_text().splitlines()
    lines = list(before)
    label, pixels, usage = lines[1].split(",")
    lines[1] = f"{label},{' '.join(reversed(pixels.split()))},{usage}"
    other = data.with_name("other.csv")
    other.write_text("\n".join(lines) + "\n")
    one_line(run(*arguments(other, folder), "--resume"), "training_sha256 was")
    lines = [line.replace("5", "6") if "PublicTest" in line else line for line in before]
    other.write_text("\n".join(lines) + "\n")
    one_line(run(*arguments(other, folder), "--resume"), "public_sha256 was")


def test_a_finished_run_says_so(data: Path, unbroken: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(unbroken, folder)
    done = run(*arguments(data, folder), "--resume")
    assert done.returncode == 0
    assert "3 of 3 epochs are done" in done.stderr


def test_pictures_without_an_emotion_are_left_out_of_training(tmp_path: Path) -> None:
    """Blank ones, and those in which no voter saw one of the seven; never of the tests."""
    lines = write_csv(tmp_path / "fer2013.csv").read_text().splitlines()
    lines[1] = f"0,{' '.join(['7'] * 48 * 48)},Training"
    (tmp_path / "fer2013.csv").write_text("\n".join(lines) + "\n")
    votes = write_votes(tmp_path / "votes.csv").read_text().splitlines()
    votes[2] = "Training,,0,0,0,0,0,0,0,0,0,10"
    (tmp_path / "votes.csv").write_text("\n".join(votes) + "\n")
    data = read_data(tmp_path / "fer2013.csv", tmp_path / "votes.csv")
    assert np.flatnonzero(~data["Training"].show_emotion).tolist() == [0, 1]
    kept = data["Training"].chosen(data["Training"].show_emotion)
    assert (len(kept), kept.names[0]) == (68, data["Training"].names[2])
    done = run(
        "train", tmp_path / "fer2013.csv", "--votes", tmp_path / "votes.csv", "--epochs", "1",
        "--batch-size", "10", "--architecture", "shallow", "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "2 Training pictures show no emotion: left out" in done.stderr
    assert json.loads((tmp_path / "run" / "run.json").read_text())["training_faces"] == 68


def test_a_teacher_of_whole_faces_is_shown_small_ones_in_its_size(unbroken: Path) -> None:
    small = np.random.default_rng(0).random((3, 36, 36, 1), dtype=np.float32)
    best = keras.models.load_model(unbroken / "best.keras")
    whole = keras.ops.convert_to_numpy(keras.ops.image.resize(small, (48, 48)))
    said = Teachers([unbroken / "best.keras"]).answers(small)["emotion"]
    assert np.allclose(said, best.predict(whole, verbose=0), atol=1e-3)


def test_teachers_answer_for_their_share_of_the_very_batch(data: Path, unbroken: Path) -> None:
    samples = read_data(data, data.with_name("votes.csv"))["Training"]
    recipe = Recipe.model_validate(yaml.safe_load(RECIPE) | {"teaching": 0.75})
    teachers = Teachers([unbroken / "last.keras", unbroken / "last.keras"])
    plain, said = Batches(samples, recipe, 0)[0]
    faces, taught = Batches(samples, recipe, 0, teachers=teachers)[0]
    assert np.array_equal(faces, plain)
    answers = keras.models.load_model(unbroken / "last.keras").predict(faces, verbose=0)
    for name in ("emotion", "votes"):
        wanted = 0.25 * said[name] + 0.75 * answers[name]
        assert np.allclose(taught[name], wanted, atol=1e-5)


def test_teachers_may_answer_once_for_plain_faces(data: Path, unbroken: Path) -> None:
    samples = read_data(data, data.with_name("votes.csv"))["Training"]
    recipe = Recipe.model_validate(
        {**yaml.safe_load(RECIPE), "teaching": 1.0, "augmentation": {"flip": 0.5}}
    )
    teachers = Teachers([unbroken / "last.keras"])
    once = teachers.plain_answers(samples.images)
    seen, taught = Batches(samples, recipe, 0, teachers=once)[0]
    network = keras.models.load_model(unbroken / "last.keras")
    straight, mirrored = (network.predict(f, verbose=0) for f in (seen, seen[:, :, ::-1]))
    for name in ("emotion", "votes"):
        assert np.allclose(taught[name], (straight[name] + mirrored[name]) / 2, atol=1e-5)


def test_a_run_learns_from_a_teacher_and_begins_where_another_ended(
    data: Path, unbroken: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "taught.yaml"
    recipe.write_text(RECIPE + "teaching: 0.5\n")
    last, folder = unbroken / "last.keras", tmp_path / "run"
    done = run(
        "train", data, "--votes", data.with_name("votes.csv"), "--recipe", recipe,
        "--architecture", "shallow", "--epochs", "1", "--learning-rate", "1e-9",
        "--teacher", last, "--start", last, "--out", folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    before, after = keras.models.load_model(last), keras.models.load_model(folder / "last.keras")
    for old, new in zip(before.trainable_weights, after.trainable_weights, strict=True):
        assert np.allclose(old, new, atol=1e-5)
    kept = json.loads((folder / "run.json").read_text())
    assert kept["teachers"] == [kept["start"]]


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--teacher", "none.keras"], "the two go together"),
        (["--recipe", "taught"], "the two go together"),
        (["--recipe", "taught", "--teacher", "none.keras"], "no network at none.keras"),
        (["--recipe", "taught", "--teacher", "FILE"], "cannot load the teacher"),
        (["--start", "FILE"], "cannot begin shallow with"),
    ],
)
def test_a_wrong_teacher_or_start_is_one_line(
    data: Path, tmp_path: Path, extra: list[str], message: str
) -> None:
    file = tmp_path / "text.keras"
    file.write_text("no network")
    extra = [str(file) if part == "FILE" else part for part in extra]
    batch = ["--batch-size", "10"]
    one_line(run(*arguments(data, tmp_path / "run"), *batch, *extra), message)
