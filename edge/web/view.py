"""The newest annotated picture of a camera, encoded once for all who watch, or not at all."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import cv2

from edge.annotate import annotate
from edge.capture.health import Connection, SourceHealth
from edge.capture.state import SourceState
from edge.metrics import CameraMetrics
from edge.records import Frame, Reading


class CameraView:
    """What a camera shows now.

    The pipeline calls `show`, which only keeps the frame; drawing and encoding happen on the
    thread of the first viewer who asks for that frame, and the others share the result.

    Parameters
    ----------
    name
        The camera's.
    quality
        JPEG quality, 10..100.
    metrics
        The camera's; counts viewers.
    health
        Of the camera's source.
    """

    def __init__(
        self, name: str, quality: int, metrics: CameraMetrics, health: SourceHealth
    ) -> None:
        self.name = name
        self._health = health
        self._quality = quality
        self._metrics = metrics
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._readings: Sequence[Reading] = ()
        self._version = 0
        self._encoding = threading.Lock()
        self._jpeg = (0, b"")

    @property
    def readings(self) -> Sequence[Reading]:
        """The faces in the newest frame; none while the camera gives no frames."""
        return self._readings if self._health.state is SourceState.ONLINE else ()

    @property
    def has_picture(self) -> bool:
        """Whether there is a picture to watch, new or old."""
        return self._frame is not None

    @property
    def connection(self) -> Connection:
        """How the camera's source is doing."""
        return self._health.connection()

    @property
    def fps(self) -> float:
        """Frames a second that went through the whole pipeline."""
        return self._metrics.fps()

    def clear(self) -> None:
        """Show no faces: nobody is there, or nobody can be seen."""
        with self._changed:
            self._readings = ()
        self._metrics.no_faces()

    def show(self, frame: Frame, readings: Sequence[Reading]) -> None:
        """Make `frame` the newest."""
        with self._changed:
            self._frame, self._readings = frame, readings
            self._version += 1
            self._changed.notify_all()

    def jpeg(self, after: int, timeout: float) -> tuple[int, bytes] | None:
        """Return the newest picture's version and JPEG, once it is newer than version `after`.

        Returns None if there is none within `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._version > after, timeout):
                return None
        with self._encoding:
            with self._changed:
                frame, readings, version = self._frame, self._readings, self._version
            if frame is None:
                return None
            if self._jpeg[0] != version:
                picture = annotate(frame.image, readings)
                _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
                self._jpeg = (version, data.tobytes())
            return self._jpeg

    @contextmanager
    def viewer(self) -> Iterator[None]:
        """Count a viewer while the block runs."""
        self._metrics.viewers.inc()
        try:
            yield
        finally:
            self._metrics.viewers.dec()
