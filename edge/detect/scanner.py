"""The work of the detect stage: which frames are looked at, and the faces in them."""

from edge.control import CameraControl
from edge.detect.finder import FaceFinder
from edge.detect.schedule import ScanSchedule
from edge.records import Detection, Frame


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

    def scan(self, frame: Frame) -> Detection:
        """Return all faces of a frame; none where the detector is off."""
        if not self._control.switches.detector:
            return Detection(frame, (), looked=False)
        if not self._schedule.due(frame.time):
            return Detection(frame, None, looked=False)
        faces = self._finder.find_all(frame.image)
        if any(face.counts for face in faces):
            self._schedule.saw_face(frame.time)
        return Detection(frame, faces)
