"""Keras weights in 16 bits: what ships, so that nobody must train to look into the network."""

from pathlib import Path

from edge.errors import EdgeFerError
from edge.whole_file import whole_file
from training.architectures import ARCHITECTURES
from training.network import check_target, load_network, rebuild


def to_half(source: Path, target: Path) -> int:
    """Write the network of a ``.keras`` file anew with float16 weights; return its bytes.

    `training.network.load_network` gives it back in float32.

    Raises
    ------
    EdgeFerError
        If `source` holds none of `training.architectures`, or `target` is no ``.keras``.
    """
    check_target(target)
    network = load_network(source)
    if network.name not in ARCHITECTURES:
        raise EdgeFerError(f"{source} holds {network.name}, none of {', '.join(ARCHITECTURES)}")
    half = rebuild(network.name, network.get_weights(), "float16")
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(target) as new:
        half.save(new)
    return target.stat().st_size
