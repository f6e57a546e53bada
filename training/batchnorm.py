"""Batch-norm statistics that a few odd pictures cannot spoil.

The running mean that training leaves is at the mercy of outliers: a warning sign among the faces
has, deep in the network, some thousand times the energy of a face, and one in a hundred such
batches inflates the running variance that every face is then divided by. The median over many
batches does not see them (a robust form of precise batch norm, Wu and Johnson, 2021).
"""

from typing import Final

import keras
import numpy as np
from rich.console import Console
from rich.progress import track

from training.data import Samples, as_input

BATCHES: Final = 160
BATCH_SIZE: Final = 64
"""As in training: statistics of larger batches have more outliers in each."""


def settle(network: keras.Model, samples: Samples, seed: int = 0) -> None:
    """Set a network's batch-norm statistics to the median over batches of faces as they are.

    Parameters
    ----------
    network
        Changed in place.
    samples
        The Training split; `BATCHES` times `BATCH_SIZE` faces are drawn, half of them mirrored.
    seed
        Of the draw.
    """
    norms = [x for x in network.layers if isinstance(x, keras.layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    dropouts = [x for x in network.layers if isinstance(x, keras.layers.Dropout)]
    rates = [dropout.rate for dropout in dropouts]
    random = np.random.default_rng(seed)
    seen: list[list[np.ndarray]] = []
    console = Console(stderr=True)
    try:
        for norm in norms:
            norm.momentum = 0.0  # what remains of a batch is its own statistics
        for dropout in dropouts:
            dropout.rate = 0.0  # of the network as it answers, and the same each time
        for _ in track(
            range(BATCHES), "batches", console=console, transient=True,
            disable=not console.is_terminal,
        ):  # fmt: skip
            size = min(BATCH_SIZE, len(samples))
            chosen = random.choice(len(samples), size, replace=False)
            faces = as_input(samples.images[chosen])
            mirrored = random.random(size) < 1 / 2
            faces[mirrored] = faces[mirrored, :, ::-1]
            network(faces, training=True)
            seen.append([keras.ops.convert_to_numpy(v) for n in norms for v in _statistics(n)])
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        for dropout, rate in zip(dropouts, rates, strict=True):
            dropout.rate = rate
    variables = [v for norm in norms for v in _statistics(norm)]
    for variable, values in zip(variables, zip(*seen, strict=True), strict=True):
        variable.assign(np.median(np.stack(values), axis=0))


def _statistics(norm: keras.layers.BatchNormalization) -> tuple[keras.Variable, keras.Variable]:
    return norm.moving_mean, norm.moving_variance
