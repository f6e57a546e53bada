"""What no program that shows a clip can beat: to decode it and to encode it, and nothing else.

``python -m edge.bench.ceiling CLIP SECONDS``
"""

import queue
import threading
from collections.abc import Generator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import cv2

from edge.bench.protocol import Image, arguments, compete, looped
from edge.config import StreamConfig

_AHEAD: Final = 4
_WAIT_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 1.0


def decoded(path: Path) -> Generator[Image]:
    """Give the frames of a clip, over and over; a thread decodes them ahead."""
    frames: queue.Queue[Image | None] = queue.Queue(_AHEAD)
    stop = threading.Event()

    def read() -> None:
        try:
            for image in looped(path):
                frames.put(image, timeout=_WAIT_SECONDS)
                if stop.is_set():
                    return
        finally:
            with suppress(queue.Full):
                frames.put(None, timeout=_STOP_SECONDS)

    thread = threading.Thread(target=read, name="decode", daemon=True)
    thread.start()
    try:
        while (image := frames.get(timeout=_WAIT_SECONDS)) is not None:
            yield image
    finally:
        stop.set()
        with suppress(queue.Empty):
            while thread.is_alive():
                frames.get(timeout=_STOP_SECONDS)
        thread.join(_STOP_SECONDS)


def main() -> None:
    """Compete."""
    clip, seconds = arguments()
    quality = [cv2.IMWRITE_JPEG_QUALITY, StreamConfig().quality]
    with closing(decoded(clip)) as frames:
        compete(frames, lambda image: cv2.imencode(".jpg", image, quality), seconds)


if __name__ == "__main__":
    main()
