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
