import numpy as np
import pytest

from edge.errors import EdgeFerError
from training.architectures import build


def test_the_deep_cnn_is_the_one_of_the_plan() -> None:
    model = build("deep")
    trainable = sum(int(np.prod(weights.shape)) for weights in model.trainable_weights)
    assert (model.count_params(), trainable) == (4_478_727, 4_474_759)
    kinds = [type(layer).__name__ for layer in model.layers]
    block = ["Conv2D", "BatchNormalization", "ReLU", "MaxPooling2D", "Dropout"]
    dense = ["Dense", "BatchNormalization", "ReLU", "Dropout"]
    assert kinds == block * 4 + ["Flatten"] + dense * 2 + ["Dense"]
    convolutions = [layer for layer in model.layers if type(layer).__name__ == "Conv2D"]
    assert [(c.filters, c.kernel_size[0]) for c in convolutions] == [
        (64, 3), (128, 5), (512, 3), (512, 3),
    ]  # fmt: skip


def test_it_gives_probabilities() -> None:
    faces = np.random.default_rng(0).random((3, 48, 48, 1), np.float32)
    probabilities = build("deep").predict(faces, verbose=0)
    assert probabilities.shape == (3, 7)
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(EdgeFerError, match="choose one of deep"):
        build("deeper")
