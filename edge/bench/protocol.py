"""What a program must do to be compared.

It is run as ``COMMAND CLIP SECONDS``, plays the clip over and over, and prints as its last line
``{"frames": n, "seconds": s}``: how many frames it finished in the time, once it was warm. More
keys are kept. Programs in Python may leave that to `compete`.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

_WARM_FRAMES: Final = 25
_WARM_SECONDS: Final = 1.0


def looped(path: Path) -> Iterator[Image]:
    """Give the frames of a clip, over and over."""
    while True:
        video = cv2.VideoCapture(str(path))
        frames = 0
        while True:
            good, image = video.read()
            if not good:
                break
            frames += 1
            yield np.asarray(image, np.uint8)
        video.release()
        if not frames:
            raise SystemExit(f"{path} is not a video that can be read")


def compete(
    frames: Iterable[Image],
    work: Callable[[Image], object],
    seconds: float,
    more: Callable[[], dict[str, Any]] = dict,
) -> None:
    """Do the work on frames until it is warm, then for so many seconds, and tell of these.

    Parameters
    ----------
    frames
        Without an end.
    work
        All that there is to do with a frame.
    seconds
        To measure for.
    more
        Gives further figures in the end.
    """
    began = now = time.monotonic()
    warm, count, start, cpu = 0, 0, None, 0.0
    for image in frames:
        work(image)
        now = time.monotonic()
        if start is not None:
            count += 1
            if now - start >= seconds:
                break
        elif (warm := warm + 1) >= _WARM_FRAMES and now - began >= _WARM_SECONDS:
            start, cpu = now, time.process_time()
    if start is None or not count:
        raise SystemExit("no frames to do, or too few to be warm")
    tell(frames=count, seconds=now - start, cpu_seconds=time.process_time() - cpu, **more())


def tell(**figures: Any) -> None:
    """Print the last line."""
    print(json.dumps(figures), flush=True)


def arguments() -> tuple[Path, float]:
    """Return the clip and the seconds that the program was given."""
    try:
        _, clip, seconds = sys.argv
        return Path(clip), float(seconds)
    except ValueError:
        raise SystemExit(f"usage: {sys.argv[0]} CLIP SECONDS") from None
