"""The class of the course projects, on their files and on ours.

The files in keras2/ were written by the last Keras 2, see tests/support/keras2.py.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest

from edge.emotions import EMOTIONS
from edge.errors import EdgeFerError
from tests.support.keras2 import FOLDER, faces
from training.architectures import build
from training.data import as_input
from training.facial_expression_model import FacialExpressionModel

KINDS = ("sequential", "functional")
SAID = json.loads((FOLDER / "said.json").read_text())


def keras2(kind: str, **options: Any) -> FacialExpressionModel:
    return FacialExpressionModel(FOLDER / f"{kind}.json", FOLDER / f"{kind}_weights.h5", **options)


def probabilities(model: FacialExpressionModel, face: np.ndarray) -> list[float]:
    return list(model.predict(face)[1].values())


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> tuple[keras.Model, Path, Path]:
    folder = tmp_path_factory.mktemp("ours")
    network = build("shallow")
    (folder / "model.json").write_text(network.to_json())
    network.save_weights(folder / "model.weights.h5")
    return network, folder / "model.json", folder / "model.weights.h5"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("scale", "trained"), [(1 / 255, "of 0..1"), (1, "of 0..255")])
def test_a_network_of_keras_2_says_what_it_said_there(
    kind: str, scale: float, trained: str
) -> None:
    model = keras2(kind, scale=scale)
    for face, said in zip(faces(), SAID[kind][trained], strict=True):
        assert max(said) < 0.9, "too sure to tell"
        assert probabilities(model, face) == pytest.approx(said, abs=1e-5)


def test_keras_2_had_its_labels_in_alphabetical_order() -> None:
    model = keras2("sequential")
    assert model.labels == ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    said = SAID["sequential"]["of 0..1"][0]
    assert model.predict_emotion(faces()[0]) == model.labels[np.argmax(said)]


def test_the_caller_may_name_the_labels() -> None:
    names = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
    label, said = keras2("sequential", labels=names).predict(faces()[0])
    assert tuple(said) == names
    assert label == max(said, key=said.__getitem__)


def test_the_json_of_the_first_keras_2_is_read(tmp_path: Path) -> None:
    new = json.loads((FOLDER / "sequential.json").read_text())
    layers = [
        {"class_name": layer["class_name"], "config": layer["config"]}
        for layer in new["config"]["layers"]
        if layer["class_name"] != "InputLayer"
    ]
    path = tmp_path / "model.json"
    path.write_text(
        json.dumps({"class_name": "Sequential", "config": layers, "keras_version": "2.0.8"})
    )
    model = FacialExpressionModel(path, FOLDER / "sequential_weights.h5")
    said = SAID["sequential"]["of 0..1"][0]
    assert probabilities(model, faces()[0]) == pytest.approx(said, abs=1e-5)


@pytest.mark.parametrize("name", ["model.weights.h5", "model_weights.h5"])
def test_our_own_files_are_read_under_either_name(
    ours: tuple[keras.Model, Path, Path], tmp_path: Path, name: str
) -> None:
    network, architecture, weights = ours
    (tmp_path / name).write_bytes(weights.read_bytes())
    model = FacialExpressionModel(str(architecture), str(tmp_path / name))
    assert model.labels == EMOTIONS
    expected = network.predict(as_input(faces()), verbose=0)[0]
    assert probabilities(model, faces()[0]) == pytest.approx(expected.tolist(), abs=1e-5)


def test_a_face_may_come_in_many_forms() -> None:
    model, face = keras2("sequential"), faces()[0]
    said = probabilities(model, face)
    for form in (
        face[..., np.newaxis],
        face[np.newaxis, ..., np.newaxis],
        face.astype(np.int64),
        face / 255,
        (face / 255).astype(np.float32)[np.newaxis, ..., np.newaxis],
    ):
        assert probabilities(model, form) == pytest.approx(said, abs=1e-5)


def test_raw_pixels_of_a_float_face_are_its_grey_values() -> None:
    face = faces()[0]
    said = SAID["sequential"]["of 0..255"][0]
    assert probabilities(keras2("sequential", scale=1), face / 255) == pytest.approx(said, abs=1e-4)


def test_a_face_is_resized() -> None:
    model, face = keras2("sequential"), faces()[0]
    large = cv2.resize(face, (144, 96), interpolation=cv2.INTER_NEAREST)
    assert probabilities(model, large) == pytest.approx(probabilities(model, face), abs=1e-5)


@pytest.mark.parametrize(
    ("img", "complaint"),
    [
        (np.zeros((48, 48, 3), np.uint8), r"one grey face.*not \[48, 48, 3\]"),
        (np.zeros((2, 48, 48, 1), np.uint8), "one grey face"),
        (np.zeros((0, 48), np.uint8), "one grey face"),
        (np.full((48, 48), 200.0), "0..1 as floats"),
        (np.full((48, 48), np.nan), "0..1 as floats"),
        (np.full((48, 48), -1), "0..255 as integers"),
        (np.zeros((48, 48), bool), "not bool"),
    ],
)
def test_what_is_no_grey_face_is_refused(img: np.ndarray, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        keras2("sequential").predict(img)


def damaged(path: Path) -> Path:
    path.write_bytes((FOLDER / "sequential_weights.h5").read_bytes()[:9000])
    return path


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


SEQUENTIAL, WEIGHTS = FOLDER / "sequential.json", FOLDER / "sequential_weights.h5"


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        (lambda _: (FOLDER / "none.json", WEIGHTS), "cannot read .*none.json"),
        (lambda _: (SEQUENTIAL, FOLDER / "none.h5"), "cannot read .*none.h5"),
        (lambda _: (WEIGHTS, WEIGHTS), "damaged or no JSON"),
        (lambda t: (written(t / "m.json", "[1]"), WEIGHTS), "no Keras network"),
        (
            lambda t: (
                written(
                    t / "m.json",
                    '{"class_name": "Sequential", "config": [], "keras_version": "1.2.2"}',
                ),
                WEIGHTS,
            ),
            "Keras 1, which is too old",
        ),
        (lambda _: (SEQUENTIAL, SEQUENTIAL), "do not fit"),
        (lambda t: (SEQUENTIAL, damaged(t / "cut.h5")), "do not fit: .*truncated"),
        (
            lambda t: (
                written(
                    t / "m.json", SEQUENTIAL.read_text().replace('"filters": 6', '"filters": 5')
                ),
                WEIGHTS,
            ),
            "do not fit: Shape mismatch",
        ),
        (
            lambda t: (
                written(t / "m.json", SEQUENTIAL.read_text().replace("Conv2D", "Conv2Q")),
                WEIGHTS,
            ),
            "do not fit: Unknown layer",
        ),
    ],
)
def test_files_that_are_none_or_do_not_fit_are_one_line(
    files: Callable[[Path], tuple[Path, Path]], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(EdgeFerError, match=complaint) as error:
        FacialExpressionModel(*files(tmp_path))
    assert "\n" not in str(error.value)


def test_weights_of_another_network_of_ours_are_refused(
    ours: tuple[keras.Model, Path, Path], tmp_path: Path
) -> None:
    path = written(tmp_path / "model.json", build("edge").to_json())
    with pytest.raises(EdgeFerError, match="do not fit"):
        FacialExpressionModel(path, ours[2])


def test_every_output_must_have_a_label() -> None:
    with pytest.raises(EdgeFerError, match="probabilities of 2 labels"):
        keras2("sequential", labels=("glad", "sad"))
