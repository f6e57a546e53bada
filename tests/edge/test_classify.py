import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.classify import Classifier, load_classifier
from edge.classify.model import SHIPPED_MODELS, ModelError, find_model, read_model
from edge.config import ClassifyConfig, DetectConfig
from edge.detect import make_finder
from edge.errors import ConfigError


def test_the_smiling_face_is_happy(classifier: Classifier, face_frame: NDArray[np.uint8]) -> None:
    (reading,) = classifier.read(face_frame, make_finder(DetectConfig()).find(face_frame))
    assert reading.label == "happy"
    assert reading.confidence > 0.5
    assert sum(reading.probabilities) == pytest.approx(1)


def test_any_face_picture_gives_probabilities(classifier: Classifier) -> None:
    random = np.random.default_rng(0)
    for face in (np.zeros((48, 48)), np.full((48, 48), 255), random.integers(0, 256, (48, 48))):
        probabilities = classifier.read_face(face.astype(np.uint8))
        assert len(probabilities) == 7
        assert sum(probabilities) == pytest.approx(1)
        assert min(probabilities) >= 0


def test_threads_do_not_change_the_answer(classifier: Classifier) -> None:
    face = np.random.default_rng(1).integers(0, 256, (48, 48), dtype=np.uint8)
    two = load_classifier(ClassifyConfig(threads=2, delegate="cpu"))
    assert two.read_face(face) == pytest.approx(classifier.read_face(face), abs=0.01)


def test_the_shipped_model_keeps_the_contract() -> None:
    content, description = read_model(find_model(ClassifyConfig().model))
    assert description.architecture == "edge"
    assert description.quantization == "int8"
    assert len(content) == description.bytes
    assert description.accuracy["PrivateTest"] >= 0.60


@pytest.fixture
def model(tmp_path: Path) -> Path:
    for ending in ("tflite", "json"):
        shutil.copy(SHIPPED_MODELS / f"fer-deep-int8.{ending}", tmp_path / f"mine.{ending}")
    return tmp_path / "mine.tflite"


def _describe(model: Path, **changes: object) -> None:
    path = model.with_suffix(".json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def _load(model: Path) -> Classifier:
    return load_classifier(ClassifyConfig(model=str(model), delegate="cpu"))


def test_a_model_by_its_path(model: Path) -> None:
    assert _load(model).description.name == "fer-deep-int8"


def test_a_model_cut_in_half_is_refused(model: Path) -> None:
    model.write_bytes(model.read_bytes()[: model.stat().st_size // 2])
    with pytest.raises(ModelError, match="SHA-256"):
        _load(model)


def test_half_a_model_described_as_whole_is_refused(model: Path) -> None:
    content = model.read_bytes()[: model.stat().st_size // 2]
    model.write_bytes(content)
    _describe(model, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    with pytest.raises(ModelError, match="not a model that litert can run"):
        _load(model)


def test_labels_in_another_order_are_refused(model: Path) -> None:
    labels = ["happy", "angry", "disgust", "fear", "sad", "surprise", "neutral"]
    _describe(model, labels=labels)
    with pytest.raises(ModelError, match="in this order"):
        _load(model)


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "Invalid JSON"), ("{}", "name: Field required"), ("[1]", "convert the model anew")],
)
def test_a_damaged_description_is_refused(model: Path, text: str, message: str) -> None:
    model.with_suffix(".json").write_text(text)
    with pytest.raises(ModelError, match=message):
        _load(model)


def test_a_model_without_description_is_refused(model: Path) -> None:
    model.with_suffix(".json").unlink()
    with pytest.raises(ModelError, match="cannot read the model"):
        _load(model)


def test_a_name_that_is_no_model_lists_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"choose one of .*fer-deep-int8"):
        find_model("fer-deep")
