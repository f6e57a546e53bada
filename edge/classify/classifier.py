"""The classifier: faces of a frame in, readings out."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.classify.litert import LiteRtModel
from edge.classify.model import ModelDescription, find_model, read_model
from edge.classify.temperature import soften
from edge.config import ClassifyConfig
from edge.face_image import face_image
from edge.records import Face, ImageArray, Reading


class Classifier:
    """Reads emotions with a model that keeps the contract.

    Parameters
    ----------
    model
        The loaded network.
    description
        Its JSON.
    on_inference
        Called with the seconds that the network took for a face.
    """

    def __init__(
        self,
        model: LiteRtModel,
        description: ModelDescription,
        on_inference: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._model = model
        self._on_inference = on_inference
        self.description = description

    def read(self, image: ImageArray, faces: Sequence[Face]) -> tuple[Reading, ...]:
        """Return a reading for each of the `faces` that were found in `image`."""
        return tuple(
            Reading(face.box, self.read_face(face_image(image, face.region))) for face in faces
        )

    def read_face(self, face: NDArray[np.uint8]) -> tuple[float, ...]:
        """Return the seven probabilities of a grey face, uint8 ``[48, 48]``; they add up to 1.

        The quantized softmax is off by a few 256ths in sum: it is scaled to 1, and the
        description's temperature is applied.
        """
        start = time.perf_counter()
        probabilities = self._model.probabilities(face)
        self._on_inference(time.perf_counter() - start)
        return tuple(soften(probabilities, self.description.temperature).tolist())


def load_classifier(
    config: ClassifyConfig,
    base: Path = Path(),
    on_inference: Callable[[float], None] = lambda _: None,
) -> Classifier:
    """Load the model that the configuration names.

    Raises
    ------
    ConfigError
        If there is no such model.
    ModelError
        If it is damaged or breaks the contract.
    """
    path = find_model(config.model, base)
    content, description = read_model(path)
    return Classifier(LiteRtModel(content, str(path), config.threads), description, on_inference)
