"""Golden vectors: faces and the answers of the file that ships, to know a wrong runtime by.

Each answer was measured when the model was converted, on LiteRT's interpreter on a CPU.
"""

import base64
import binascii
from typing import Annotated, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator

from edge.emotions import EMOTIONS, FACE_SIZE

TOLERANCE: Final = 0.04
"""How far a probability may lie from the golden one. Kernels round differently: in int8 a few
steps of 1/256 of the softmax, on a GPU in float16 less than that."""


_SUM_SLACK: Final = 0.1
"""A softmax in int8 adds up to 1 within seven halves of 1/256."""


def are_probabilities(values: NDArray[np.floating]) -> bool:
    """Return whether every row of ``[..., 7]`` is a softmax's: no NaN, none below 0, a sum of 1."""
    return bool((values >= 0).all() and (abs(values.sum(axis=-1) - 1) < _SUM_SLACK).all())


class Model(Protocol):
    """What every runtime gives: one face in, seven probabilities out."""

    def probabilities(self, face: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Read one grey face, uint8 ``[48, 48]``; return softmax probabilities ``[7]``."""
        ...


class GoldenVector(BaseModel):
    """A face and what the model says of it.

    Attributes
    ----------
    input
        The face: 48 x 48 grey values, row by row, in Base64.
    output
        Its seven probabilities.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: str
    output: Annotated[tuple[float, ...], Field(min_length=len(EMOTIONS), max_length=len(EMOTIONS))]

    @field_validator("input")
    @classmethod
    def _is_a_face(cls, value: str) -> str:
        try:
            size = len(base64.b64decode(value, validate=True))
        except (binascii.Error, ValueError):
            raise ValueError("not Base64") from None
        if size != FACE_SIZE**2:
            raise ValueError(f"{size} bytes, {FACE_SIZE**2} expected")
        return value

    @classmethod
    def measure(cls, model: Model, face: NDArray[np.uint8]) -> "GoldenVector":
        """Return what `model` says of a face, uint8 ``[48, 48]``."""
        said = tuple(round(float(p), 6) for p in model.probabilities(face))
        return cls(input=base64.b64encode(face.tobytes()).decode(), output=said)

    @property
    def face(self) -> NDArray[np.uint8]:
        """The face, uint8 ``[48, 48]``."""
        grey = np.frombuffer(base64.b64decode(self.input), np.uint8)
        return np.asarray(grey.reshape(FACE_SIZE, FACE_SIZE))

    def distance(self, answer: NDArray[Any]) -> float:
        """Return how far the farthest probability of `answer` lies from the golden one."""
        return float(np.abs(answer - np.asarray(self.output)).max())


def deviation(model: Model, golden: tuple[GoldenVector, ...]) -> float:
    """Return how far `model` is from the golden answers at worst; NaN where it says no number."""
    return float(np.max([0.0] + [v.distance(model.probabilities(v.face)) for v in golden]))
