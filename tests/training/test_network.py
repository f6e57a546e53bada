"""Trained networks from their files: those of others, and those that are of no use."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from edge.errors import EdgeFerError
from training.architectures import build, with_votes
from training.data import DataSet, Samples
from training.evaluate import assess
from training.evaluate.predict import predict
from training.gradcam.heat import heat_maps
from training.network import check_target, load_network

FACES = np.random.default_rng(0).integers(0, 256, (7, 48, 48), np.uint8)


def sequential(last: str = "softmax") -> keras.Sequential:
    """A network of somebody else's."""
    return keras.Sequential(
        [
            keras.Input((48, 48, 1)),
            layers.Conv2D(4, 4, strides=4, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(7, activation=last),
        ]
    )


def test_a_sequential_network_is_measured_and_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "theirs.keras"
    network = sequential()
    network.save(path)
    said = predict(path, FACES)
    assert said.sum(axis=1) == pytest.approx(1, abs=1e-5)
    faces = FACES[..., np.newaxis] / np.float32(255)
    heat = heat_maps(load_network(path), faces, said.argmax(axis=1))
    assert heat.shape == (7, 48, 48)


def test_a_network_that_was_never_built_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "unbuilt.keras"
    keras.Sequential([layers.Dense(7)]).save(path)
    with pytest.raises(EdgeFerError, match=r"unbuilt\.keras"):
        load_network(path)


@pytest.mark.parametrize("name", ["shallow", "light"])
def test_a_network_of_ours_without_its_last_layer_is_not_completed(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / "headless.keras"
    whole = build(name)
    keras.Model(whole.input, whole.layers[-2].output, name=whole.name).save(path)
    with pytest.raises(EdgeFerError, match=r"headless\.keras"):
        load_network(path)


def test_logits_are_no_probabilities(tmp_path: Path) -> None:
    path = tmp_path / "logits.keras"
    sequential("linear").save(path)
    with pytest.raises(EdgeFerError, match="gives no probabilities"):
        predict(path, FACES)


def test_a_checkpoint_with_two_outputs_says_what_to_take_instead(tmp_path: Path) -> None:
    path = tmp_path / "last.keras"
    with_votes(build("shallow")).save(path)
    with pytest.raises(EdgeFerError, match=r"the outputs emotion, votes: take best\.keras"):
        load_network(path)


def test_a_network_of_faces_of_any_size_is_one_of_whole_faces(tmp_path: Path) -> None:
    build("edge", size=None).save(tmp_path / "last.keras")
    assert load_network(tmp_path / "last.keras").input_shape == (None, 48, 48, 1)


def test_a_name_that_keras_cannot_save_under_is_refused() -> None:
    check_target(Path("network.keras"))
    with pytest.raises(EdgeFerError, match=r"does not end in \.keras"):
        check_target(Path("network"))


def test_where_every_face_is_a_copy_nothing_is_said_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "theirs.keras"
    sequential().save(path)
    votes = np.zeros((7, 7), np.float32)  # nobody saw one of the seven
    samples = Samples(FACES, np.arange(7), tuple(map(str, range(7))), votes)
    data = DataSet(tmp_path, {"Training": samples, "PublicTest": samples})
    measures, _ = assess(path, data, "PublicTest")
    assert measures.unseen_accuracy is None
    assert measures.copies == 7
    assert measures.votes_accuracy is None
