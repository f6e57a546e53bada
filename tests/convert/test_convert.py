"""Conversion of a small trained run, and models that break the contract."""

import base64
import hashlib
import json
import subprocess
from pathlib import Path
from typing import get_args

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from convert.cli import main
from convert.convert import Comparison, _check_outputs
from convert.convert import convert as convert_network
from convert.quantize import calibration_faces
from convert.source import load_source
from edge.classify import load_classifier
from edge.classify.golden import GoldenVector
from edge.classify.interpreter import InterpreterModel
from edge.classify.model import ModelDescription, ModelError, Quantization
from edge.config import ClassifyConfig
from edge.emotions import EMOTIONS
from edge.errors import EdgeFerError
from tests.support.commands import invoke
from tests.support.daemon import run_cli
from tests.support.fer2013 import write_csv
from tests.support.keras2 import FOLDER as KERAS2
from training.architectures import build
from training.data import Samples, as_input
from training.facial_expression_model import FacialExpressionModel
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
    keras.utils.clear_session()
    return invoke(main, *arguments)


@pytest.fixture(scope="module")
def models(folder: Path) -> dict[str, Path]:
    """The trained model in every quantization, by the command."""
    made = {}
    for quantization in get_args(Quantization):
        done = convert(
            quantization, folder / "best.keras", folder / "fer2013.csv", "--out", folder / "out"
        )
        assert done.returncode == 0, done.stderr
        assert "Keras" in done.stdout
        assert all(emotion in done.stdout for emotion in EMOTIONS)
        made[quantization] = folder / "out" / f"fer-deep-{quantization}.tflite"
    return made


@pytest.mark.parametrize("quantization", get_args(Quantization))
def test_a_converted_model_runs_in_the_daemon_and_agrees_with_keras(
    folder: Path, models: dict[str, Path], quantization: Quantization
) -> None:
    path = models[quantization]
    description = ModelDescription.model_validate_json(path.with_suffix(".json").read_bytes())
    assert description.quantization == quantization
    assert description.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert set(description.accuracy) == {"PublicTest"}
    assert len(description.golden) == 4
    classifier = load_classifier(ClassifyConfig(model=str(path), delegate="cpu"))
    data = read_data(folder / "fer2013.csv")["PublicTest"]
    ours = np.array([classifier.read_face(image) for image in data.images])
    model = keras.models.load_model(folder / "best.keras")
    theirs = model.predict(as_input(data.images), verbose=0)
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1)).mean() > 0.95
    assert float((ours.argmax(axis=1) == data.labels).mean()) == pytest.approx(
        description.accuracy["PublicTest"], abs=0.001
    )


def test_each_quantization_has_its_size(models: dict[str, Path]) -> None:
    sizes = {quantization: path.stat().st_size for quantization, path in models.items()}
    whole = 4 * 4_478_727
    assert sizes["float32"] == pytest.approx(whole, rel=0.02)
    assert sizes["float16"] == pytest.approx(whole / 2, rel=0.02)
    assert sizes["int8"] == pytest.approx(whole / 4, rel=0.02)
    assert sizes["dynamic"] == pytest.approx(whole / 4, rel=0.02)


def test_the_int8_file_is_int8_throughout_with_one_face_a_batch(models: dict[str, Path]) -> None:
    interpreter = Interpreter(model_path=str(models["int8"]))
    (given,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (given["shape"].tolist(), given["dtype"]) == ([1, 48, 48, 1], np.int8)
    assert (result["shape"].tolist(), result["dtype"]) == ([1, 7], np.int8)
    kinds = {np.dtype(tensor["dtype"]).name for tensor in interpreter.get_tensor_details()}
    assert kinds <= {"int8", "int32"}, "weights and activations int8, biases and shapes int32"


def test_a_float_file_that_its_json_calls_int8_is_refused(
    models: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "mine.tflite"
    path.write_bytes(models["float32"].read_bytes())
    text = models["float32"].with_suffix(".json").read_text()
    path.with_suffix(".json").write_text(text.replace('"float32"', '"int8"'))
    done = run_cli("image", path, "--model", path)
    assert done.returncode == 1
    assert "takes float32, its JSON calls it int8" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_model_that_loses_too_much_is_not_written_over_a_good_one(
    folder: Path, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = (models["float32"], models["float32"].with_suffix(".json"))
    before = [file.read_bytes() for file in files]
    network = load_network(folder / "best.keras")
    monkeypatch.setattr("convert.convert.MAX_LOSS", -1.0)
    with pytest.raises(EdgeFerError, match="nothing written"):
        convert_network(network, read_data(folder / "fer2013.csv"), folder / "out", "float32")
    assert [file.read_bytes() for file in files] == before


def test_bench_compares_models_and_runtimes(folder: Path, models: dict[str, Path]) -> None:
    done = convert(
        "bench", models["float32"], models["int8"], "--data", folder / "fer2013.csv",
        "--keras", folder / "best.keras", "--threads", "1", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = json.loads(done.stdout)
    assert [(line["quantization"], line["runtime"]) for line in lines] == [
        ("float32", "litert"), ("float32", "litert-compiled"),
        ("int8", "litert"), ("int8", "litert-compiled"),
    ]  # fmt: skip
    assert all(line["fault"] is None and line["median_ms"] > 0 for line in lines)
    assert lines[0]["keras"] == lines[0]["first"] == 1
    assert all(line["keras"] > 0.95 for line in lines)


# What course projects left: model.json and its weights


def test_a_keras_2_model_gives_its_answers_in_our_order(folder: Path) -> None:
    """Trained on 0..255, its outputs in alphabetical order: both are put right in the weights."""
    source = KERAS2 / "sequential.json"
    weights = KERAS2 / "sequential_weights.h5"
    network = load_source(source, weights, scale=1)
    theirs = FacialExpressionModel(source, weights, scale=1)
    for face in read_data(folder / "fer2013.csv")["PublicTest"].images[:5]:
        said = network.predict(as_input(face[np.newaxis]), verbose=0)[0]
        wanted = theirs.predict(face)[1]
        assert said.tolist() == pytest.approx([wanted[name] for name in EMOTIONS], abs=1e-4)


def test_model_json_and_its_weights_make_a_model(folder: Path) -> None:
    network = load_network(folder / "best.keras")
    (folder / "json").mkdir()
    (folder / "json" / "model.json").write_text(network.to_json())
    network.save_weights(folder / "json" / "model.weights.h5")
    done = convert(
        "float32", folder / "json" / "model.json", folder / "fer2013.csv",
        "--out", folder / "json", "--name", "mine",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "the same emotion as Keras for 100.00%" in " ".join(done.stdout.split())
    mine = load_classifier(ClassifyConfig(model=str(folder / "json" / "mine.tflite")))
    face = mine.description.golden[0].face
    said = network.predict(as_input(face[np.newaxis]), verbose=0)[0]
    assert int(np.argmax(mine.read_face(face))) == int(said.argmax())


def plain(last: str) -> keras.Model:
    """A network without batch norm, of somebody else's; the same, and as decided, every time."""
    face = keras.Input((48, 48, 1))
    start = keras.initializers.RandomNormal(stddev=0.5, seed=1)
    layers = keras.layers
    maps = layers.Conv2D(4, 4, strides=4, activation="relu", kernel_initializer=start)(face)
    answer = layers.Dense(7, activation=last, kernel_initializer=start)(layers.Flatten()(maps))
    return keras.Model(face, answer)


def test_a_network_of_another_kind_is_converted(folder: Path, tmp_path: Path) -> None:
    data = read_data(folder / "fer2013.csv")
    done = convert_network(plain("softmax"), data, tmp_path, "int8", name="plain")
    assert load_classifier(ClassifyConfig(model=str(done.path), delegate="cpu"))


def test_logits_are_not_converted(folder: Path, tmp_path: Path) -> None:
    data = read_data(folder / "fer2013.csv")
    with pytest.raises(EdgeFerError, match="gives no probabilities"):
        convert_network(plain("linear"), data, tmp_path, "float32", name="plain")
    assert not list(tmp_path.iterdir())


def test_outputs_in_another_order_are_noticed() -> None:
    labels = np.arange(70) % 7
    alphabetical = [sorted(EMOTIONS).index(emotion) for emotion in EMOTIONS]
    ours = np.eye(7, dtype=np.float32)[labels]
    theirs = np.eye(7, dtype=np.float32)[np.array(alphabetical)[labels]]
    samples = Samples(np.zeros((70, 48, 48), np.uint8), labels, names=())
    _check_outputs(Comparison("PublicTest", samples, ours, ours), "mine")
    with pytest.raises(EdgeFerError, match=r"on 100\.0% with its outputs in another order"):
        _check_outputs(Comparison("PublicTest", samples, theirs, theirs), "mine")


def test_outputs_in_alphabetical_order_are_put_in_ours(folder: Path, tmp_path: Path) -> None:
    network = load_network(folder / "best.keras")
    faces = as_input(read_data(folder / "fer2013.csv")["PublicTest"].images)
    said = network.predict(faces, verbose=0)
    last = network.layers[-1]
    order = [EMOTIONS.index(name) for name in sorted(EMOTIONS)]
    last.set_weights([weights[..., order] for weights in last.get_weights()])
    (tmp_path / "model.json").write_text(network.to_json())
    network.save_weights(tmp_path / "model.weights.h5")
    network.save(tmp_path / "model.keras")
    for name in ("model.json", "model.keras"):
        right = load_source(tmp_path / name, labels="alphabetical")
        assert np.allclose(right.predict(faces, verbose=0), said, atol=1e-6)


def test_weights_that_are_missing_are_one_line(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(load_network(folder / "best.keras").to_json())
    done = convert("int8", tmp_path / "model.json", folder / "fer2013.csv", "--out", tmp_path)
    assert done.returncode == 1
    assert "error: no model.weights.h5 or model_weights.h5 beside" in done.stderr


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


GOLDEN = GoldenVector(input=base64.b64encode(bytes(48 * 48)).decode(), output=(1 / 7,) * 7)


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
        data="none", accuracy={}, versions={}, golden=(GOLDEN,),
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
