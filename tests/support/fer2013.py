"""Small data sets in the format of ``fer2013.csv``: drawn patterns that a network can learn."""

import gzip
from pathlib import Path

import numpy as np

SPLITS = ("Training", "PublicTest", "PrivateTest")


def write_csv(path: Path, training: int = 70, test: int = 14) -> Path:
    """Write faces of random noise over a bar whose place tells the label; gzipped for ``.gz``."""
    random = np.random.default_rng(0)
    rows = ["emotion,pixels,Usage"]
    for split, count in zip(SPLITS, (training, test, test), strict=True):
        for number in range(count):
            label = number % 7
            image = random.integers(0, 120, (48, 48))
            image[label * 6 : label * 6 + 8] += 130
            rows.append(f"{label},{' '.join(map(str, image.ravel()))},{split}")
    text = "\n".join(rows) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode(), 1))
    else:
        path.write_text(text)
    return path


def write_votes(path: Path, training: int = 70, test: int = 14) -> Path:
    """Write FER+ votes for the rows of `write_csv`: eight for the label, two for its neighbour."""
    names = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
    columns = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear")
    rows = [f"Usage,Image name,{','.join(columns)},contempt,unknown,NF"]
    for split, count in zip(SPLITS, (training, test, test), strict=True):
        for number in range(count):
            votes = {names[number % 7]: 8, names[(number + 1) % 7]: 2}
            counts = ",".join(str(votes.get(name, 0)) for name in columns)
            rows.append(f"{split},fer{len(rows) - 1:07}.png,{counts},0,0,0")
    path.write_text("\n".join(rows) + "\n")
    return path
