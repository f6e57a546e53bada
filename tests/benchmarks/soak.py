"""A day's worth of faces through one classifier: does the memory stay flat?

``python -m tests.benchmarks.soak --invocations 2000000``
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np

from edge.classify import load_classifier
from edge.config import ClassifyConfig


def _resident() -> float:
    """Return the resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Print the memory after every twentieth of the invocations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=ClassifyConfig().model)
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--invocations", type=int, default=2_000_000)
    given = parser.parse_args()
    config = ClassifyConfig(model=given.model, runtime=given.runtime, delegate="cpu")
    classifier = load_classifier(config)
    faces = np.random.default_rng(0).integers(0, 256, (256, 48, 48), dtype=np.uint8)
    begun = time.monotonic()
    for number in range(given.invocations):
        classifier.read_face(faces[number % len(faces)])
        if number % (given.invocations // 20) == 0:
            print(
                f"{number:>10,} {time.monotonic() - begun:8.0f} s {_resident():8.2f} MB", flush=True
            )
    print(f"{given.invocations:>10,} {time.monotonic() - begun:8.0f} s {_resident():8.2f} MB")


if __name__ == "__main__":
    main()
