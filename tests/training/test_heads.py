"""Networks with two outputs, and what they become when they are taken apart."""

from pathlib import Path

import keras
import numpy as np
import pytest

from training.architectures import ARCHITECTURES, build, with_votes
from training.data import Samples
from training.heads import has_votes, sharpen, single
from training.network import load_network

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


def test_both_heads_give_their_mean(tmp_path: Path) -> None:
    two = with_votes(build("edge"))
    said = two.predict(FACES, verbose=0)
    mean = (said["emotion"] + said["votes"]) / 2
    both = single(two, "both")
    assert np.allclose(both.predict(FACES, verbose=0), mean, atol=1e-6)
    both.save(tmp_path / "both.keras")
    kept = load_network(tmp_path / "both.keras")
    assert np.allclose(kept.predict(FACES, verbose=0), mean, atol=1e-6)


def test_hesitating_heads_are_sharpened_before_their_mean() -> None:
    two = with_votes(build("edge"))
    network = single(two, "both")
    before = [network.get_layer(head).get_weights() for head in ("emotion", "votes")]
    images = np.random.default_rng(1).integers(0, 256, (40, 48, 48), np.uint8)
    right = two.predict(images[..., None] / np.float32(255), verbose=0)["emotion"].argmax(axis=1)
    sharpen(network, Samples(images, right, ("",) * 40))
    after = [network.get_layer(head).get_weights() for head in ("emotion", "votes")]
    factors = [b[0] / a[0] for a, b in zip(before, after, strict=True)]
    assert np.allclose(factors, factors[0][0, 0], rtol=1e-4)
    assert factors[0][0, 0] > 2, "always right and hardly sure"


def test_a_network_trained_in_mixed_precision_is_given_in_float32() -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = single(with_votes(build("edge", size=None)))
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert network.input_shape == (None, 48, 48, 1)
    assert network.layers[1].compute_dtype == "float32"
