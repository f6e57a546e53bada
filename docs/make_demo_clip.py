"""Make the demo clip, ``edge/demo/astronaut.mp4``, from a picture in the public domain.

The picture is NASA's portrait of Eileen Collins, which scikit-image carries as
``skimage.data.astronaut()``. The face comes in, sways, grows, shrinks, stands in dim and in bright
light, leaves and comes back::

    python docs/make_demo_clip.py edge/demo/astronaut.mp4      (needs the extra edge-fer[dev])
"""

import math
import sys
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

WIDTH, HEIGHT, FPS, SECONDS = 960, 540, 25, 26
CUT = (0, 0, 450, 512)
"""Head and shoulders in the portrait: left, top, width, height."""
FACE = (224, 118)
"""Centre of the face in the portrait."""

PATH = (
    # seconds, x and y of the face in the frame, size, light
    (0.0, -300, 270, 1.0, 1.0),
    (1.0, -300, 270, 1.0, 1.0),
    (4.0, 300, 250, 1.2, 1.0),
    (7.0, 480, 260, 2.0, 1.0),
    (9.0, 480, 260, 2.0, 0.45),
    (11.0, 470, 250, 1.9, 0.45),
    (12.5, 500, 250, 1.7, 1.15),
    (14.0, 560, 240, 1.3, 1.0),
    (16.0, 660, 220, 0.9, 1.0),
    (18.5, 1260, 220, 0.9, 1.0),
    (20.0, 1260, 260, 1.5, 1.0),
    (22.5, 640, 260, 1.5, 1.0),
    (24.0, 500, 250, 1.3, 1.0),
    (26.0, -300, 270, 1.3, 1.0),
)

Pixels = NDArray[np.float32]


def portrait() -> tuple[Pixels, Pixels]:
    """Return head and shoulders, and how much of each pixel covers the background (0..1)."""
    left, top, width, height = CUT
    picture = data.astronaut()[top : top + height, left : left + width, ::-1].astype(np.float32)
    mask = np.zeros((height, width), np.float32)
    centre = (FACE[0] - left, FACE[1] - top)
    cv2.ellipse(mask, centre, (105, 125), 0, 0, 360, 1.0, cv2.FILLED)
    cv2.ellipse(mask, (centre[0] - 10, height), (185, 270), 0, 0, 360, 1.0, cv2.FILLED)
    cv2.ellipse(mask, (centre[0], 250), (135, 85), 0, 0, 360, 1.0, cv2.FILLED)
    mask[:14] = 0
    return picture, cv2.GaussianBlur(mask, (0, 0), 7)


def background() -> Pixels:
    """Return a pale wall, as behind the portrait, so that no seam shows."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    light = 222 - 50 * np.hypot((columns - WIDTH * 0.4) / WIDTH, (rows - HEIGHT * 0.3) / HEIGHT)
    return np.stack([light * 0.96, light * 0.96, light], axis=-1)


def at(second: float) -> NDArray[np.float64]:
    """Return x, y, size and light at a time, eased between the points of `PATH`."""
    points = np.array(PATH)
    after = int(np.clip(np.searchsorted(points[:, 0], second), 1, len(points) - 1))
    before, then = points[after - 1], points[after]
    part = np.clip((second - before[0]) / (then[0] - before[0]), 0, 1)
    eased = part * part * (3 - 2 * part)
    values: Any = before[1:] + (then[1:] - before[1:]) * eased
    return np.asarray(values)


def main(path: str) -> None:
    """Write the clip."""
    picture, mask = portrait()
    wall = background()
    face = (FACE[0] - CUT[0], FACE[1] - CUT[1])
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"mp4v"), FPS, (WIDTH, HEIGHT))
    for number in range(FPS * SECONDS):
        second = number / FPS
        x, y, size, light = at(second)
        matrix = cv2.getRotationMatrix2D(face, 6 * math.sin(second * 1.1), size)
        matrix[:, 2] += (x - face[0], y - face[1])
        over = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
        cover = cv2.warpAffine(mask, matrix, (WIDTH, HEIGHT))[..., np.newaxis]
        frame = (wall * (1 - cover) + over * cover) * light
        writer.write(np.clip(frame, 0, 255).astype(np.uint8))
    writer.release()


if __name__ == "__main__":
    main(sys.argv[1])
