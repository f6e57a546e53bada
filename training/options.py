"""The options of a training run; kept apart from Keras so that ``--help`` is quick."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingOptions:
    """What a run depends on; the same options and seed give the same run.

    SGD with Nesterov momentum, a linear warm-up over the first `warmup` of all steps to
    `learning_rate` and a cosine down to zero (Loshchilov and Hutter, SGDR, 2016; Smith and Topin,
    Super-Convergence, 2017), label smoothing (Szegedy et al., 2015) and decoupled weight decay.
    """

    architecture: str = "deep"
    epochs: int = 24
    batch_size: int = 64
    learning_rate: float = 0.05
    warmup: float = 0.15
    momentum: float = 0.9
    weight_decay: float = 1e-3
    label_smoothing: float = 0.1
    dropout: float = 0.2
    seed: int = 0
    precision: str = "float32"
