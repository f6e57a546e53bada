import numpy as np
import pytest

from edge.errors import EdgeFerError
from training.architectures import ANY_SIZE, ARCHITECTURES, build


def test_the_deep_cnn_is_the_one_of_the_plan() -> None:
    model = build("deep")
    trainable = sum(int(np.prod(weights.shape)) for weights in model.trainable_weights)
    assert (model.count_params(), trainable) == (4_478_727, 4_474_759)
    kinds = [type(layer).__name__ for layer in model.layers]
    block = ["Conv2D", "BatchNormalization", "ReLU", "MaxPooling2D", "Dropout"]
    dense = ["Dense", "BatchNormalization", "ReLU", "Dropout"]
    assert kinds[0] == "InputLayer"
    assert kinds[1:] == block * 4 + ["Flatten"] + dense * 2 + ["Dense"]
    convolutions = [layer for layer in model.layers if type(layer).__name__ == "Conv2D"]
    assert [(c.filters, c.kernel_size[0]) for c in convolutions] == [
        (64, 3), (128, 5), (512, 3), (512, 3),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_network_keeps_the_contract(name: str) -> None:
    model = build(name)
    assert model.name == name
    assert (model.input_shape, model.output_shape) == ((None, 48, 48, 1), (None, 7))
    faces = np.random.default_rng(0).random((3, 48, 48, 1), np.float32)
    probabilities = model.predict(faces, verbose=0)
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert build(name, batch_size=1).input_shape == (1, 48, 48, 1)


@pytest.mark.parametrize("name", sorted(ANY_SIZE))
def test_small_faces_go_through_the_same_weights(name: str) -> None:
    any_size, usual = build(name, size=None), build(name)
    usual.set_weights(any_size.get_weights())
    faces = np.random.default_rng(0).random((2, 48, 48, 1), np.float32)
    assert np.allclose(any_size.predict(faces, verbose=0), usual.predict(faces, verbose=0))
    assert any_size.predict(faces[:, :36, :36], verbose=0).shape == (2, 7)


def test_the_shallow_cnn_is_the_one_of_the_plan() -> None:
    layers = build("shallow").layers
    convolutions = [layer for layer in layers if type(layer).__name__ == "Conv2D"]
    assert [(c.filters, c.kernel_size) for c in convolutions] == [(32, (3, 3)), (64, (3, 3))]
    dense = [layer.units for layer in layers if type(layer).__name__ == "Dense"]
    assert dense == [512, 7]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(EdgeFerError, match="choose one of shallow, deep, edge"):
        build("deeper")
