"""Networks with two outputs, and what they become when they are taken apart."""

import keras
import numpy as np
import pytest

from edge.errors import EdgeFerError
from training.architectures import ARCHITECTURES, build
from training.heads import blend, has_votes, single, with_votes

FACES = np.random.default_rng(0).random((4, 48, 48, 1), np.float32)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_each_head_is_a_network_of_its_own(name: str) -> None:
    both = with_votes(build(name))
    assert has_votes(both)
    said = both.predict(FACES, verbose=0)
    labels, votes = single(both), single(both, "votes")
    assert not has_votes(labels)
    assert np.allclose(labels.predict(FACES, verbose=0), said["emotion"], atol=1e-6)
    assert np.allclose(votes.predict(FACES, verbose=0), said["votes"], atol=1e-6)


def test_a_blend_answers_between_the_two() -> None:
    both = with_votes(build("edge"))
    labels, votes = single(both), single(both, "votes")
    a, b, between = (
        np.log(network.predict(FACES, verbose=0))
        for network in (labels, votes, blend(labels, votes, 0.25))
    )
    mean = 0.75 * a + 0.25 * b
    shift = between - mean
    assert np.allclose(shift, shift.mean(axis=1, keepdims=True), atol=1e-4)


def test_networks_of_two_runs_are_not_blended() -> None:
    with pytest.raises(EdgeFerError, match="not of one training run"):
        blend(build("edge"), build("edge"), 0.5)
    with pytest.raises(EdgeFerError, match="not of one training run"):
        blend(build("edge"), build("shallow"), 0.5)


def test_a_network_trained_in_mixed_precision_is_given_in_float32() -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = single(with_votes(build("edge", size=None)))
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert network.input_shape == (None, 48, 48, 1)
    assert network.layers[1].compute_dtype == "float32"
