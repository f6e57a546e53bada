"""The classifier: faces of a frame in, readings out."""

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.classify.engine import Engine, choose_engine
from edge.classify.golden import are_probabilities
from edge.classify.model import ModelDescription, ModelError, find_model
from edge.classify.temperature import soften
from edge.config import ClassifyConfig
from edge.face_image import face_image, quality
from edge.records import Face, GreyArray, ImageArray, Reading

log = logging.getLogger(__name__)


class Observer(Protocol):
    """Is told what a classifier does."""

    def inference(self, seconds: float) -> None:
        """Take the seconds that the network took for a face."""
        ...

    def engine(self, description: ModelDescription, engine: Engine) -> None:
        """Take what the model runs on: when it is loaded, and when that changes."""
        ...


class Classifier:
    """Reads emotions with a model that keeps the contract.

    A delegate that fails is left for the CPU, with the very face that it failed on.

    Parameters
    ----------
    engine
        The loaded network.
    description
        Its JSON.
    observer
        Is told of every inference and of every change of the engine.
    """

    def __init__(
        self, engine: Engine, description: ModelDescription, observer: Observer | None = None
    ) -> None:
        self.description = description
        self._observer = observer
        self._use(engine)

    @property
    def engine(self) -> Engine:
        """What the model runs on now."""
        return self._engine

    def read(self, image: ImageArray | GreyArray, faces: Sequence[Face]) -> tuple[Reading, ...]:
        """Return a reading for each of the `faces` that were found in `image`."""
        return tuple(self._read(image, face) for face in faces)

    def _read(self, image: ImageArray | GreyArray, face: Face) -> Reading:
        picture = face_image(image, face.region)
        return Reading(
            face.box,
            self.read_face(picture),
            face.score,
            quality(picture, face.region, face.turned),
        )

    def read_face(self, face: NDArray[np.uint8]) -> tuple[float, ...]:
        """Return the seven probabilities of a grey face, uint8 ``[48, 48]``; they add up to 1.

        The quantized softmax is off by a few 256ths in sum: it is scaled to 1, and the
        description's temperature is applied.

        Raises
        ------
        ModelError
            If the network fails on the CPU.
        """
        start = time.perf_counter()
        probabilities = self._infer(face)
        if self._observer is not None:
            self._observer.inference(time.perf_counter() - start)
        return tuple(soften(probabilities, self.description.temperature).tolist())

    def _infer(self, face: NDArray[np.uint8]) -> NDArray[np.float32]:
        while True:
            try:
                probabilities = self._engine.model.probabilities(face)
            except (RuntimeError, ValueError, OSError) as error:
                fault = " ".join(str(error).split()) or type(error).__name__
            else:
                if are_probabilities(probabilities):
                    return probabilities
                fault = "its answer is no probabilities"
            if self._engine.fallback is None:
                raise ModelError(f"{self.description.name} on {self._engine}: {fault}")
            log.warning(
                "%s: %s failed: %s; going on with the CPU",
                self.description.name, self._engine.delegate, fault,
            )  # fmt: skip
            self._use(self._engine.on_cpu(fault))

    def _use(self, engine: Engine) -> None:
        self._engine = engine
        if self._observer is not None:
            self._observer.engine(self.description, engine)


def load_classifier(
    config: ClassifyConfig,
    base: Path = Path(),
    observer: Observer | None = None,
    stop: threading.Event | None = None,
) -> Classifier:
    """Load the model that the configuration names, on what it asks for.

    Parameters
    ----------
    config
        The model, its runtime and delegate.
    base
        Folder that relative paths start from.
    observer
        Is told what the classifier does.
    stop
        Ends the trial of a GPU when it is set.

    Raises
    ------
    ConfigError
        If there is no such model.
    ModelError
        If it is damaged or breaks the contract, or its runtime or delegate cannot be loaded.
    """
    engine, description = choose_engine(find_model(config.model, base), config, base, stop)
    return Classifier(engine, description, observer)
