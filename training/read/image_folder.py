"""FER-2013 as a folder of images: ``train/happy/*.jpg``, ``test/happy/*.jpg``, and so on."""

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from edge.emotions import EMOTIONS, FACE_SIZE, Emotion
from training.data import DataError, DataSet, Split
from training.read.collect import Collector

_NO_FACES: Final = ("thumbs.db", "desktop.ini")
"""What Windows leaves in folders of images."""

_SPLITS: Final[dict[str, Split]] = {
    "train": "Training",
    "training": "Training",
    "val": "PublicTest",
    "valid": "PublicTest",
    "validation": "PublicTest",
    "publictest": "PublicTest",
    "test": "PrivateTest",
    "privatetest": "PrivateTest",
}

_EMOTIONS: Final[dict[str, Emotion]] = {
    **{emotion: emotion for emotion in EMOTIONS},
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}


def read_folder(path: Path) -> DataSet:
    """Read a folder of images.

    ``train`` is Training, ``validation`` PublicTest and ``test`` PrivateTest. With no
    ``validation``, as on Kaggle, ``test`` is PublicTest: something must choose the checkpoint.
    Images of another size than 48x48 are resized, colours become grey; what else lies beside
    them is told as bad.

    Raises
    ------
    DataError
        If there is no folder of a split or an emotion, or too many images are bad.
    """
    files = _files(path)
    faces = Collector(path)
    console = Console(stderr=True)
    for split, emotion, file in track(
        files, "images", console=console, transient=True, disable=not console.is_terminal
    ):
        name = str(file.relative_to(path))
        try:
            faces.good(name, split, EMOTIONS.index(emotion), _image(file))
        except (OSError, ValueError, cv2.error) as error:
            faces.bad(name, error)
    return faces.data_set()


def _files(path: Path) -> list[tuple[Split, Emotion, Path]]:
    folders = {
        folder: _SPLITS[folder.name.lower()]
        for folder in sorted(path.iterdir())
        if folder.is_dir() and folder.name.lower() in _SPLITS
    }
    if not folders:
        raise DataError(f"{path} has no folder train or test: expected train/happy/*.jpg and so on")
    if "PublicTest" not in folders.values():
        test: Split = "PublicTest"
        folders = {f: test if split == "PrivateTest" else split for f, split in folders.items()}
    files = []
    for folder, split in folders.items():
        for inner in sorted(p for p in folder.iterdir() if p.is_dir() and p.name[0] != "."):
            if inner.name.lower() not in _EMOTIONS:
                raise DataError(
                    f"{inner} is no emotion: expected folders named {', '.join(EMOTIONS)}"
                )
            emotion = _EMOTIONS[inner.name.lower()]
            files += [
                (split, emotion, file)
                for file in sorted(inner.iterdir())
                if file.name[0] != "." and file.name.lower() not in _NO_FACES
            ]
    return files


def _image(file: Path) -> NDArray[np.uint8]:
    if file.is_dir():
        raise ValueError("a folder, not an image")
    content = np.frombuffer(file.read_bytes(), np.uint8)
    image = cv2.imdecode(content, cv2.IMREAD_GRAYSCALE) if content.size else None
    if image is None:
        raise ValueError("not an image")
    if image.shape != (FACE_SIZE, FACE_SIZE):
        image = cv2.resize(image, (FACE_SIZE, FACE_SIZE), interpolation=cv2.INTER_AREA)
    return np.asarray(image, np.uint8)
