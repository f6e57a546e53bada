"""The work of the detect stage: which frames are looked at, and the faces in them."""

from edge.control import CameraControl
from edge.detect.finder import FaceFinder
from edge.detect.schedule import ScanSchedule
from edge.records import Face, Frame


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
    """

    def __init__(
        self,
        finder: FaceFinder,
        schedule: ScanSchedule | None = None,
        control: CameraControl | None = None,
    ) -> None:
        self._finder = finder
        self._schedule = schedule or ScanSchedule()
        self._control = control or CameraControl()

    @property
    def paused(self) -> bool:
        """Whether frames are not to be looked at, by command."""
        return self._control.paused

    def scan(self, frame: Frame) -> tuple[Face, ...] | None:
        """Return all faces of a frame, None if it is not due: tracks are carried over it."""
        if not self._control.switches.detector:
            return ()
        if not self._schedule.due(frame.time):
            return None
        faces = self._finder.find_all(frame.image)
        if any(face.counts for face in faces):
            self._schedule.saw_face(frame.time)
        return faces
