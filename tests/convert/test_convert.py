"""Conversion of a small trained run, and models that break the contract."""

import hashlib
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from convert.quantize import calibration_faces, one_face, to_int8
from edge.classify import load_classifier
from edge.classify.interpreter import InterpreterModel
from edge.classify.model import ModelDescription, ModelError
from edge.config import ClassifyConfig
from edge.emotions import EMOTIONS
from tests.support.daemon import run_cli
from tests.support.fer2013 import write_csv
from training.architectures import build
from training.data import Samples, as_input
from training.network import load_network
from training.read import read_data

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set and a briefly trained model."""
    path = tmp_path_factory.mktemp("convert")
    data = read_data(write_csv(path / "fer2013.csv", test=70))["Training"]
    model = build("deep", dropout=0.0)
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    model.fit(as_input(data.images), data.labels, batch_size=14, epochs=12, verbose=0)
    model.save(path / "best.keras")
    return path


def convert(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "convert", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)


def test_a_converted_model_runs_in_the_daemon_and_agrees_with_keras(folder: Path) -> None:
    done = convert("int8", folder / "best.keras", folder / "fer2013.csv", "--out", folder / "out")
    assert done.returncode == 0, done.stderr
    assert "PublicTest: int8" in done.stdout
    path = folder / "out" / "fer-deep-int8.tflite"
    description = ModelDescription.model_validate_json(path.with_suffix(".json").read_bytes())
    assert description.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert set(description.accuracy) == {"PublicTest"}
    classifier = load_classifier(ClassifyConfig(model=str(path)))
    data = read_data(folder / "fer2013.csv")["PublicTest"]
    ours = np.array([classifier.read_face(image) for image in data.images])
    model = keras.models.load_model(folder / "best.keras")
    theirs = model.predict(as_input(data.images), verbose=0)
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1)).mean() > 0.95
    assert float((ours.argmax(axis=1) == data.labels).mean()) == pytest.approx(
        description.accuracy["PublicTest"], abs=0.001
    )


def test_the_file_is_int8_throughout_with_one_face_a_batch(folder: Path) -> None:
    model = one_face(keras.models.load_model(folder / "best.keras"))
    data = read_data(folder / "fer2013.csv")["Training"]
    interpreter = Interpreter(model_content=to_int8(model, as_input(data.images)))
    (given,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (given["shape"].tolist(), given["dtype"]) == ([1, 48, 48, 1], np.int8)
    assert (result["shape"].tolist(), result["dtype"]) == ([1, 7], np.int8)
    kinds = {np.dtype(tensor["dtype"]).name for tensor in interpreter.get_tensor_details()}
    assert kinds <= {"int8", "int32"}, "weights and activations int8, biases and shapes int32"


def test_weights_in_16_bits_say_the_same_in_half_the_space(folder: Path) -> None:
    done = convert("half", folder / "best.keras", "--out", folder / "half.keras")
    assert done.returncode == 0, done.stderr
    assert (folder / "half.keras").stat().st_size < 9.2e6
    faces = as_input(read_data(folder / "fer2013.csv")["PublicTest"].images)
    whole, half = (load_network(folder / name) for name in ("best.keras", "half.keras"))
    assert {w.dtype for w in half.weights} == {"float32"}
    difference = whole.predict(faces, verbose=0) - half.predict(faces, verbose=0)
    assert np.abs(difference).max() < 0.01


def test_calibration_faces_are_balanced_and_the_same_every_time() -> None:
    labels = np.repeat(np.arange(7), [50, 3, 50, 200, 50, 50, 50])
    images = np.broadcast_to(labels[:, None, None], (len(labels), 48, 48)).astype(np.uint8)
    samples = Samples(images, labels, names=())
    faces = calibration_faces(samples, 70)
    counts = np.bincount(np.rint(faces[:, 0, 0, 0] * 255).astype(int), minlength=7)
    assert counts.tolist() == [10, 3, 10, 10, 10, 10, 10]
    assert np.array_equal(faces, calibration_faces(samples, 70))


def test_a_file_that_is_no_model_is_one_line(folder: Path) -> None:
    done = convert("int8", folder / "fer2013.csv", folder / "fer2013.csv", "--out", folder / "no")
    assert done.returncode == 1
    assert "error: cannot load" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "no").exists()


def _foreign(side: int, outputs: int) -> bytes:
    model = keras.Sequential(
        [
            keras.Input((side, side, 1), batch_size=1),
            keras.layers.Flatten(),
            keras.layers.Dense(outputs, activation="softmax"),
        ]
    )
    return bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


@pytest.mark.parametrize(
    ("side", "outputs", "message"),
    [(64, 7, "the input is [1, 64, 64, 1]"), (48, 8, "the output is [1, 8]")],
)
def test_a_model_of_another_shape_is_refused(
    tmp_path: Path, side: int, outputs: int, message: str
) -> None:
    content = _foreign(side, outputs)
    path = tmp_path / "foreign.tflite"
    path.write_bytes(content)
    description = ModelDescription(
        name="foreign", architecture="deep", quantization="float32",
        sha256=hashlib.sha256(content).hexdigest(), bytes=len(content), labels=EMOTIONS,
        data="none", accuracy={}, versions={},
    )  # fmt: skip
    path.with_suffix(".json").write_text(description.model_dump_json())
    with pytest.raises(ModelError, match="edge-fer needs"):
        InterpreterModel(content, "foreign", 1)
    done = run_cli("image", path, "--model", path)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_one_face_of_the_right_shape_runs() -> None:
    model = InterpreterModel(_foreign(48, 7), "float", 1)
    probabilities = model.probabilities(np.full((48, 48), 200, np.uint8))
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
