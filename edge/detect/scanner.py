"""The work of the detect stage: which frames are looked at, and the faces in them."""

import math
from typing import Final

from edge.control import CameraControl
from edge.detect.finder import FaceFinder
from edge.detect.schedule import ScanSchedule
from edge.records import Detection, Face, Frame

_MEMORY: Final = 1.0
"""Seconds for which a face that was missed is looked for where it was."""


_EARLY: Final = 0.9
"""The part of the time between scans of the whole frame after which one is due: frames are not
on time."""


class Scanner:
    """Scans the frames that are due.

    Parameters
    ----------
    finder
        Finds faces in a picture.
    schedule
        Which frames are due; all where none is given.
    control
        The camera's switches.
    rescan_seconds
        On the source's clock: for this long after a scan of the whole frame, faces are only looked
        for around where they were, or in the whole frame where one is gone; if nobody is there, for
        half of it nobody is looked for. 0: all of every frame is scanned.
    """

    def __init__(
        self,
        finder: FaceFinder,
        schedule: ScanSchedule | None = None,
        control: CameraControl | None = None,
        rescan_seconds: float = 0.0,
    ) -> None:
        self._finder = finder
        self._schedule = schedule or ScanSchedule()
        self._control = control or CameraControl()
        self._rescan_seconds = rescan_seconds
        self._known: tuple[Face, ...] = ()
        self._missed: list[tuple[Face, float]] = []
        """Who is not there any more, and since when."""
        self._scanned = -math.inf

    @property
    def paused(self) -> bool:
        """Whether frames are not to be looked at, by command."""
        return self._control.paused

    def scan(self, frame: Frame) -> Detection:
        """Return all faces of a frame; none where the detector is off."""
        if not self._control.switches.detector:
            self._known, self._missed = (), []
            return Detection(frame, (), looked=False)
        if not self._schedule.due(frame.time):
            return Detection(frame, None, looked=False)
        faces = self._find(frame)
        if faces is None:
            return Detection(frame, None, looked=False)
        if any(face.counts for face in faces):
            self._schedule.saw_face(frame.time)
        return Detection(frame, faces)

    def _find(self, frame: Frame) -> tuple[Face, ...] | None:
        """Find the faces around those of the frame before, or in all of the frame where due.

        Returns
        -------
        tuple of Face, or None
            None where nobody is known to be there, and who may have come is looked for later.
        """
        faces, since = None, frame.time - self._scanned
        missed = [face for face, _ in self._missed]
        if self._known or missed:
            if 0 <= since < _EARLY * self._rescan_seconds:
                faces = self._finder.find_near(frame.picture.grey, self._known, missed)
        elif not self._schedule.idle and 0 <= since < _EARLY * self._rescan_seconds / 2:
            return None
        if faces is None:
            self._scanned = frame.time
            faces = self._finder.find_all(frame.picture.grey, (*self._known, *missed))
        self._remember(faces, frame.time)
        return faces

    def _remember(self, faces: tuple[Face, ...], time: float) -> None:
        """Take what was found; who was there just now is looked for a little longer."""
        before = [*((face, time) for face in self._known), *self._missed]
        self._missed = [
            (face, seen)
            for face, seen in before
            if 0 <= time - seen < _MEMORY and not any(face.same(new) for new in faces)
        ]
        self._known = faces
