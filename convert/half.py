"""Keras weights in 16 bits: what ships, so that nobody must train to look into the network."""

from pathlib import Path

import keras

from edge.errors import EdgeFerError
from edge.whole_file import whole_file
from training.architectures import ARCHITECTURES, build
from training.network import load_network


def to_half(source: Path, target: Path) -> int:
    """Write the network of a ``.keras`` file anew with float16 weights; return its bytes.

    `training.network.load_network` gives it back in float32.

    Raises
    ------
    EdgeFerError
        If `source` holds none of `training.architectures`.
    """
    network = load_network(source)
    if network.name not in ARCHITECTURES:
        raise EdgeFerError(f"{source} holds {network.name}, none of {', '.join(ARCHITECTURES)}")
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float16")
    try:
        half = build(network.name)
    finally:
        keras.config.set_dtype_policy(policy)
    half.set_weights(network.get_weights())
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(target) as new:
        half.save(new)
    return target.stat().st_size
