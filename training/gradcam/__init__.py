"""``python -m training gradcam``: which part of a face speaks for an emotion.

::

    faces ── images [n, 48, 48] ──▶ heat ── [n, 48, 48] in 0..1 ──▶ picture
                                     └─ gradient, on any Keras backend
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click
import numpy as np

from edge.emotions import EMOTIONS, Emotion
from edge.errors import EdgeFerError
from training.data import Split, as_input
from training.figures import save_png
from training.gradcam.faces import Detector, find_faces, probabilities
from training.gradcam.heat import find_layer, heat_maps
from training.gradcam.picture import draw
from training.network import load_network

__all__ = ["gradcam", "heat_maps"]


def gradcam(  # noqa: PLR0913 - the options of a command
    model: Path,
    source: Sequence[Path],
    *,
    out: Path = Path("gradcam.png"),
    emotion: Emotion | Literal["predicted"] = "predicted",
    layer: str | None = None,
    split: Split = "PublicTest",
    per_class: int = 4,
    detector: Detector = "haar",
) -> None:
    """Draw where faces have what speaks for an emotion, and say what was written.

    Parameters
    ----------
    model
        A ``.keras`` file.
    source
        One data set, or images and photos.
    out
        The PNG.
    emotion
        Whose evidence to show.
    layer
        Whose maps, see `training.gradcam.heat.find_layer`.
    split, per_class
        Of a data set: its split, and how many right and how many wrong faces of each emotion.
    detector
        Finds the faces of photos; ``none`` takes the whole image as a face.

    Raises
    ------
    EdgeFerError
        If the network or a source cannot be read, there is no such layer or no face, or `out`
        is one of the sources.
    """
    if out.resolve() in {path.resolve() for path in (model, *source)}:
        raise EdgeFerError(f"{out} is one of the sources or the model: choose another --out")
    network = load_network(model)
    maps = find_layer(network, layer)
    faces = find_faces(network, source, split, per_class, detector)
    images = np.stack([face.image for face in faces])
    said = probabilities(network, images)
    predicted = emotion == "predicted"
    wanted = said.argmax(axis=1) if predicted else np.full(len(faces), EMOTIONS.index(emotion))
    heat = heat_maps(network, as_input(images), wanted, maps.name)
    what = "the predicted emotion" if predicted else emotion
    save_png(draw(faces, said, heat, f"Grad-CAM: evidence for {what}"), out)
    count = f"{len(faces)} face{'' if len(faces) == 1 else 's'}"
    click.echo(f"{out}: {count}, evidence for {what} in layer {maps.name} of {model}")
