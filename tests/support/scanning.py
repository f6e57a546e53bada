"""Frames and scanners as the daemon makes them, each made in this one place."""

from edge.capture.picture import ColourPicture
from edge.config import DetectConfig
from edge.detect import FaceFinder, make_finder
from edge.detect.scanner import Scanner
from edge.detect.schedule import ScanSchedule
from edge.records import Box, Detection, Frame, ImageArray

KINDS = ("haar", "dlib")
"""The detectors."""

_WIDEST = 4096
"""The greatest width that `DetectConfig` takes."""


def frame_of(image: ImageArray, number: int, fps: float) -> Frame:
    """Return the frame of a camera that gives `fps` pictures a second."""
    time = number / fps
    return Frame(number, ColourPicture(image), time, time, time)


def shipped(kind: str) -> DetectConfig:
    """Return what the daemon does where the user says no more than which detector."""
    return DetectConfig.model_validate({"kind": kind})


def whole_scans(kind: str, width: int | None = None) -> DetectConfig:
    """Return a scan of all of every frame: `width` pixels wide, or as wide as ships."""
    settings = {"kind": kind, "rescan_seconds": 0, "idle_fps": None}
    if width is not None:
        settings["width"] = min(width, _WIDEST)
    return DetectConfig.model_validate(settings)


def scanner_of(config: DetectConfig, finder: FaceFinder | None = None) -> Scanner:
    """Return the scanner of a live camera, as `edge.camera` makes it."""
    schedule = ScanSchedule(config.every, config.idle_fps)
    finder = finder or make_finder(config)
    return Scanner(finder, schedule, rescan_seconds=config.rescan_seconds)


def boxes_of(detection: Detection) -> tuple[Box, ...]:
    """Return where the faces that count were found; none in a frame that was not scanned."""
    return tuple(face.box for face in detection.faces or () if face.counts)
