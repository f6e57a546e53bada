"""The gradient of a function on whatever backend Keras runs; Keras itself has none."""

from collections.abc import Callable
from typing import Any

import keras

from edge.errors import EdgeFerError


def gradient(function: Callable[[Any], Any], at: Any) -> Any:
    """Return the gradient at the tensor `at` of a `function` from it to one number.

    Raises
    ------
    EdgeFerError
        If the backend has no gradients.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(at)
            value = function(at)
        return tape.gradient(value, at)
    if backend == "torch":
        import torch

        at = at.detach().requires_grad_()
        return torch.autograd.grad(function(at), at)[0]
    if backend == "jax":
        import jax

        return jax.grad(function)(at)
    raise EdgeFerError(f"Keras on {backend} has no gradients: use tensorflow, torch or jax")
