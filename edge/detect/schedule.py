"""Which frames are scanned for faces."""

from typing import Final

from edge.capture.pace import Pace

_IDLE_AFTER: Final = 5.0
"""Seconds without a face after which a camera counts as idle."""


class ScanSchedule:
    """Scans every n-th frame, and fewer while there has been nobody for a while.

    Tracks are carried over the frames between. Times are of the source's clock.

    Parameters
    ----------
    every
        Scan every n-th frame.
    idle_fps
        Frames a second that are scanned after 5 s without a face; None for as many as ever.
    """

    def __init__(self, every: int = 1, idle_fps: float | None = None) -> None:
        self._every = every
        self._idle_fps = idle_fps
        self._pace = Pace(idle_fps)
        self._frames = 0
        self._last_face: float | None = None
        self.idle = False
        """Whether there has been nobody for a while, and `idle_fps` says what is scanned now."""

    def due(self, time: float) -> bool:
        """Return whether the frame of `time` is to be scanned; to be asked once for each."""
        number, self._frames = self._frames, self._frames + 1
        if number % self._every:
            return False
        if self._last_face is None or time < self._last_face:  # the first, or a clock set back
            self._last_face = time
        self.idle = self._idle_fps is not None and time - self._last_face > _IDLE_AFTER
        return not self.idle or self._pace.due(time)

    def saw_face(self, time: float) -> None:
        """Take that the frame of `time` had a face."""
        self._last_face = time
