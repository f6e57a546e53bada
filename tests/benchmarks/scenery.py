"""Clips for benchmarks, made from one with a face: 1280x720, H.264, 25 frames a second."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.source import EndOfVideo
from edge.capture.video_file import VideoFile
from edge.config import DetectConfig
from edge.detect import make_finder

SIZE = (1280, 720)
FPS = 25
FRAMES = 250
COLUMNS = 6
FACE = 150
"""Pixels from one head to the next, with room around the faces; they are half as wide."""

Image = NDArray[np.uint8]


def pictures(clip: Path) -> list[Image]:
    """Return the frames of a clip, 1280x720; `FRAMES` at most."""
    source = VideoFile(clip)
    source.open()
    found: list[Image] = []
    try:
        while len(found) < FRAMES:
            source.grab()
            picture = source.retrieve()
            if picture is not None:
                found.append(np.asarray(cv2.resize(picture.image, SIZE), np.uint8))
    except EndOfVideo:
        pass
    finally:
        source.close()
    return found


def write(frames: Iterator[Image], path: Path) -> Path:
    """Write a clip as a camera would: H.264, a key picture a second."""
    command = [
        "ffmpeg", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24",
        "-s", f"{SIZE[0]}x{SIZE[1]}", "-r", str(FPS), "-i", "-", "-pix_fmt", "yuv420p",
        "-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", str(FPS), str(path),
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.stdin is not None
        for frame in frames:
            ffmpeg.stdin.write(frame.tobytes())
        ffmpeg.stdin.close()
        assert ffmpeg.wait() == 0, "ffmpeg failed"
    return path


def there_and_back(frames: list[Image]) -> Iterator[Image]:
    """Yield the frames to the end, and back, until there are `FRAMES`."""
    turn = [*frames, *frames[-2:0:-1]]
    for number in range(FRAMES):
        yield turn[number % len(turn)]


def faces_clip(clip: Path, count: int, path: Path) -> Path:
    """Write a clip of so many of one face, side by side, each at another moment."""
    frames = pictures(clip)
    found = next(faces for image in frames if (faces := make_finder(DetectConfig()).find(image)))
    box = found[0].box
    margin = box.width // 2
    top, left = max(0, box.y - margin), max(0, box.x - margin)
    heads = [
        np.asarray(
            cv2.resize(
                image[top : box.y + box.height + margin, left : box.x + box.width + margin],
                (FACE, FACE),
                interpolation=cv2.INTER_AREA,
            ),
            np.uint8,
        )
        for image in frames
    ]
    turn = [*heads, *heads[-2:0:-1]]

    def draw() -> Iterator[Image]:
        for number in range(FRAMES):
            picture = np.full((SIZE[1], SIZE[0], 3), 120, np.uint8)
            for place in range(count):
                row, column = divmod(place, COLUMNS)
                y, x = 20 + row * (FACE + 60), 40 + column * (FACE + 50)
                picture[y : y + FACE, x : x + FACE] = turn[(number + 7 * place) % len(turn)]
            yield picture

    return write(draw(), path)


def empty_clip(clip: Path, path: Path) -> Path:
    """Write what a camera sees where nobody is: the left quarter of a clip, with its noise."""
    return write(
        there_and_back(
            [
                np.asarray(cv2.resize(image[:180, : SIZE[0] // 4], SIZE), np.uint8)
                for image in pictures(clip)
            ]
        ),
        path,
    )
