"""Which face of this frame is which track: assignment by overlap, after where each was going."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import dlib

from edge.records import Box

_BUFFER: Final = 0.3
"""By so much of its size a box is grown on every side before overlaps are measured."""

_MEMORY: Final = 0.3
"""Half-life of a face's speed in seconds."""

_GLIDE: Final = 0.5
"""A face that is not seen is taken to slow down in so many seconds."""


@dataclass(frozen=True, slots=True)
class Motion:
    """Where a face was seen last, and how fast it moves, in pixels a second.

    The simple motion model of Yang et al., "Hard to Track Objects with Irregular Motions and
    Similar Appearances? Make It Easier by Buffering the Matching Space" (WACV 2023): an average of
    the last displacements, here over time and not over frames.
    """

    box: Box
    time: float
    speed: tuple[float, float] = (0.0, 0.0)

    def box_at(self, time: float) -> Box:
        """Return where the face will be."""
        passed = _GLIDE * (1 - math.exp(-max(0.0, time - self.time) / _GLIDE))
        x = round(self.box.x + self.speed[0] * passed)
        y = round(self.box.y + self.speed[1] * passed)
        return Box(x, y, self.box.width, self.box.height)

    def seen(self, box: Box, time: float) -> "Motion":
        """Return the motion after the face was seen at `box`."""
        passed = time - self.time
        if passed <= 0:
            return Motion(box, time, self.speed)
        kept = 0.5 ** (passed / _MEMORY)
        moved = (
            (2 * box.x + box.width - 2 * self.box.x - self.box.width) / 2,
            (2 * box.y + box.height - 2 * self.box.y - self.box.height) / 2,
        )
        speed = (
            kept * self.speed[0] + (1 - kept) * moved[0] / passed,
            kept * self.speed[1] + (1 - kept) * moved[1] / passed,
        )
        return Motion(box, time, speed)


def assign(tracks: Sequence[Box], faces: Sequence[Box], least: float) -> dict[int, int]:
    """Pair tracks and faces so that the sum of their overlaps is greatest.

    The overlap is the buffered intersection over union of Yang et al. (2023), which is above 0
    also for a face that moved by its own width; the assignment is dlib's (Kuhn, "The Hungarian
    method", 1955).

    Parameters
    ----------
    tracks, faces
        Where they are.
    least
        Pairs that overlap less are none, 0..1.

    Returns
    -------
    dict
        Places in `faces` by places in `tracks`.
    """
    size = max(len(tracks), len(faces))
    if not tracks or not faces:
        return {}
    grown_tracks, grown_faces = [_grow(box) for box in tracks], [_grow(box) for box in faces]
    gains = dlib.matrix(size, size)
    overlaps = [[track.overlap(face) for face in grown_faces] for track in grown_tracks]
    for row, values in enumerate(overlaps):
        for column, value in enumerate(values):
            gains[row][column] = value if value >= least else 0.0
    pairs = enumerate(dlib.max_cost_assignment(gains))
    return {
        track: face
        for track, face in pairs
        if track < len(tracks) and face < len(faces) and overlaps[track][face] >= least
    }


def _grow(box: Box) -> Box:
    x, y = round(_BUFFER * box.width), round(_BUFFER * box.height)
    return Box(box.x - x, box.y - y, box.width + 2 * x, box.height + 2 * y)
