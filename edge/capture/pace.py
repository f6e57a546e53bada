"""Fewer frames a second than a camera gives."""

from typing import Final

_EARLY: Final = 0.25
"""Part of the wanted distance by which a frame may come early: cameras are never on time."""


class Pace:
    """Chooses frames so that about `fps` a second remain, evenly.

    Frames are skipped and never waited for: a reader that slept would let the camera's own
    buffer age.

    Parameters
    ----------
    fps
        Frames a second at most; None keeps all.
    """

    def __init__(self, fps: float | None) -> None:
        self._distance = 0.0 if fps is None else 1 / fps
        self._due: float | None = None

    def due(self, moment: float) -> bool:
        """Return whether the frame of this `moment`, in seconds, is wanted."""
        if self._distance == 0:
            return True
        if self._due is None or moment < self._due - 2 * self._distance:  # the first, or a loop
            self._due = moment
        if moment < self._due - _EARLY * self._distance:
            return False
        # Stay on the beat where the camera does; after a gap begin a new one.
        late = moment - self._due > self._distance
        self._due = (moment if late else self._due) + self._distance
        return True
