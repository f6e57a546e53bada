"""The figures of a model: right by hand on small cases, and as a user sees them."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from edge.classify.temperature import soften
from edge.emotions import EMOTIONS
from tests.support.fer2013 import write_csv, write_votes
from tests.training.test_train import one_line, run
from training.architectures import build
from training.data import Samples, as_input
from training.evaluate.calibration import calibration_error, fit_temperature, reliability
from training.evaluate.measures import measure
from training.evaluate.predict import predict
from training.read import read_data

pytestmark = pytest.mark.timeout(300)


def said(rows: list[tuple[int, float]]) -> np.ndarray:
    """Return probabilities that say an emotion with a confidence."""
    values = np.empty((len(rows), 7), np.float32)
    for row, (emotion, confidence) in zip(values, rows, strict=True):
        row[:] = (1 - confidence) / 6
        row[emotion] = confidence
    return values


def test_figures_are_as_counted_by_hand() -> None:
    labels = np.array([0, 0, 3, 3])
    votes = np.eye(7, dtype=np.float32)[[0, 3, 3, 3]]
    votes[3] = [0.5, 0, 0, 0.5, 0, 0, 0]  # no clear majority
    samples = Samples(np.zeros((4, 48, 48), np.uint8), labels, ("", "", "", ""), votes)
    probabilities = said([(0, 0.9), (3, 0.6), (3, 0.8), (3, 0.7)])
    measures = measure(samples, probabilities, temperature=1.0)
    assert measures.accuracy == 0.75
    assert measures.emotions["angry"]["recall"] == 0.5
    assert measures.emotions["happy"]["precision"] == pytest.approx(2 / 3)
    assert measures.macro_f1 == pytest.approx((2 / 3 + 0.8) / 7)
    assert measures.confusion[0][3] == 1
    assert (measures.votes_accuracy, measures.votes_faces) == (1.0, 3)
    # |0.9 - 1| + |0.6 - 0| + |0.8 - 1| + |0.7 - 1|, each in a bin of its own, over 4 faces
    assert measures.calibration_error == pytest.approx(0.3, abs=1e-6)
    assert measures.flip_accuracy is None
    copied = np.array([False, True, False, False])
    assert measure(samples, probabilities, 1.0, copied=copied).unseen_accuracy == 1.0


def test_mirror_images_count_half() -> None:
    samples = Samples(np.zeros((1, 48, 48), np.uint8), np.array([3]), ("",))
    unsure, sure = said([(0, 0.4)]), said([(3, 0.9)])
    assert measure(samples, unsure, 1.0, flipped=sure).flip_accuracy == 1.0
    assert measure(samples, unsure, 1.0).accuracy == 0.0


def test_a_temperature_mends_overconfidence() -> None:
    random = np.random.default_rng(0)
    true = soften(random.random((4000, 7)) + 0.01, 0.3)
    labels = np.array([random.choice(7, p=row) for row in true])
    boastful = soften(true, 0.5).astype(np.float32)
    temperature = fit_temperature(boastful, labels)
    assert temperature == pytest.approx(2, rel=0.1)
    assert calibration_error(boastful, labels) > 0.1
    assert calibration_error(soften(boastful, temperature), labels) < 0.03


def test_softening_keeps_the_order_and_the_sum() -> None:
    row = np.array([0.0, 0.1, 0.2, 0.7, 0, 0, 0])
    for temperature in (0.5, 1.0, 3.0):
        softened = soften(row, temperature)
        assert softened.sum() == pytest.approx(1)
        assert softened.argmax() == 3
    assert soften(row, 3.0)[3] < 0.7 < soften(row, 0.5)[3]


def test_every_face_lies_in_one_bin() -> None:
    faces, _, _ = reliability(said([(0, c) for c in (0.2, 0.5, 1.0)]), np.array([0, 0, 0]))
    assert faces.sum() == 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set with votes, and a briefly trained model."""
    path = tmp_path_factory.mktemp("evaluate")
    write_votes(path / "votes.csv")
    data = read_data(write_csv(path / "fer2013.csv"))["Training"]
    model = build("shallow", dropout=0.0)
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    model.fit(as_input(data.images), data.labels, batch_size=14, epochs=6, verbose=0)
    model.save(path / "best.keras")
    return path


def test_a_user_sees_the_report_and_the_pictures(folder: Path) -> None:
    arguments = ("evaluate", folder / "best.keras", folder / "fer2013.csv")
    votes = ("--votes", folder / "votes.csv")
    done = run(*arguments, *votes, "--flip", "--split", "PrivateTest", "--out", folder / "out")
    assert done.returncode == 0, done.stderr
    data = read_data(folder / "fer2013.csv")["PrivateTest"]
    right = predict(folder / "best.keras", data.images).argmax(axis=1) == data.labels
    assert f"on PrivateTest: {right.mean():.2%} of 14 faces right" in done.stdout
    for word in (*EMOTIONS, "precision", "macro avg", "FER+", "mirror image", "calibration error"):
        assert word in done.stdout
    for name in ("confusion.png", "reliability.png", "mistakes.png"):
        assert (folder / "out" / name).read_bytes().startswith(b"\x89PNG")
    done = run(*arguments, *votes, "--split", "PrivateTest", "--json")
    result = json.loads(done.stdout)
    assert result["accuracy"] == pytest.approx(right.mean())
    assert sum(map(sum, result["confusion"])) == 14


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cut.keras", b"PK\x03\x04 and no more", "cannot load"),
        ("notes.txt", b"text", "is no model: expected a .keras or .tflite file"),
        ("none.keras", None, "cannot load"),
        ("none.tflite", None, "cannot read the model"),
    ],
)
def test_a_broken_model_is_one_line(
    folder: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (folder / name).write_bytes(content)
    one_line(run("evaluate", folder / name, folder / "fer2013.csv"), message)


def test_a_network_of_another_shape_is_one_line(folder: Path) -> None:
    model = keras.Sequential(
        [keras.Input((64, 64, 1)), keras.layers.Flatten(), keras.layers.Dense(5)]
    )
    model.save(folder / "other.keras")
    done = run("evaluate", folder / "other.keras", folder / "fer2013.csv")
    one_line(done, "expected (n, 48, 48, 1) to (n, 7)")


def test_a_split_that_is_not_there_is_one_line(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "fer2013.csv").read_text().splitlines()
    path = tmp_path / "fer2013.csv"
    path.write_text("\n".join(line for line in lines if not line.endswith("PublicTest")))
    done = run("evaluate", folder / "best.keras", path)
    one_line(done, "has no PublicTest faces")


def test_what_was_measured_is_told_also_where_the_pictures_cannot_be_written(folder: Path) -> None:
    data = folder / "fer2013.csv"
    done = run("evaluate", folder / "best.keras", data, "--out", data)
    one_line(done, f"cannot write to the folder {data}: File exists")
    assert "of 14 faces right" in done.stdout


def test_outputs_in_the_order_of_the_alphabet_are_told(folder: Path, tmp_path: Path) -> None:
    model = keras.models.load_model(folder / "best.keras")
    order = [EMOTIONS.index(name) for name in sorted(EMOTIONS)]
    model.layers[-1].set_weights([each[..., order] for each in model.layers[-1].get_weights()])
    model.save(tmp_path / "alphabetical.keras")
    done = run("evaluate", tmp_path / "alphabetical.keras", folder / "fer2013.csv")
    assert "with the outputs in another order: convert it with --labels" in done.stderr
