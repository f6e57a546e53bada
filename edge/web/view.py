"""The newest annotated picture of a camera, encoded once for all who watch, or not at all."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from edge.annotate import annotate
from edge.capture.health import Connection, SourceHealth
from edge.capture.state import SourceState
from edge.control import CameraControl, Switches
from edge.emotions import Label
from edge.metrics import CameraMetrics
from edge.privacy import Privacy
from edge.records import Frame, Showing


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
    control
        The camera's switches: nothing is shown while it is paused.
    privacy
        What may be shown of people.
    """

    def __init__(
        self,
        name: str,
        quality: int,
        metrics: CameraMetrics,
        health: SourceHealth,
        control: CameraControl | None = None,
        privacy: Privacy | None = None,
    ) -> None:
        self.name = name
        self._privacy = privacy or Privacy()
        self._health = health
        self._control = control or CameraControl()
        self._control.listen(lambda switches: self.blank("paused") if switches.paused else None)
        self._quality = quality
        self._metrics = metrics
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._faces: Sequence[Showing] = ()
        self._version = 0
        self._encoding = threading.Lock()
        self._jpeg = (0, b"")

    @property
    def faces(self) -> list[dict[str, Any]]:
        """Who is present, as JSON, as far as privacy allows."""
        hidden = set() if self._privacy.places else {"box", "track"}
        return [
            {key: value for key, value in face.describe().items() if key not in hidden}
            for face in (self._present if self._privacy.individuals else ())
        ]

    @property
    def labels(self) -> dict[Label, int] | None:
        """How many show what; None for groups that are too small to be counted."""
        present = self._present
        return dict(Counter(f.label for f in present)) if self._countable(present) else None

    @property
    def switches(self) -> Switches:
        """How the camera's switches stand."""
        return self._control.switches

    @property
    def paused(self) -> bool:
        """Whether the camera is paused by command."""
        return self._control.paused

    @property
    def shows_pictures(self) -> bool:
        """Whether privacy allows pictures."""
        return self._privacy.places

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
            anyone, self._faces = bool(self._faces), ()
            if anyone and self._frame is not None:
                self._put(self._frame)
        self._metrics.present(())

    def show(self, frame: Frame, faces: Sequence[Showing]) -> None:
        """Make `frame` the newest, with all who are present."""
        with self._changed:
            if self._control.paused:  # it was on its way when the command came
                return
            self._faces = faces
            if self._privacy.places:
                self._put(frame)
        self._metrics.present([f.label for f in faces] if self._countable(faces) else ())

    def blank(self, text: str) -> None:
        """Show a dark picture with `text` instead of the camera's."""
        with self._changed:
            self._faces = ()
            if self._frame is not None:
                dark = np.zeros_like(self._frame.image)
                place = (dark.shape[1] // 20, dark.shape[0] // 2)
                scale = dark.shape[0] / 360
                cv2.putText(dark, text, place, cv2.FONT_HERSHEY_DUPLEX, scale, (160, 160, 160))
                self._put(replace(self._frame, image=dark))
        self._metrics.present(())

    @property
    def _present(self) -> Sequence[Showing]:
        """Who is there; nobody while the camera gives no frames."""
        return self._faces if self._health.state is SourceState.ONLINE else ()

    def _countable(self, faces: Sequence[Showing]) -> bool:
        return self._privacy.may_count(len(faces))

    def _put(self, frame: Frame) -> None:
        self._frame = frame
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
                frame, faces, version = self._frame, self._faces, self._version
            if frame is None:
                return None
            if self._jpeg[0] != version:
                picture = annotate(frame.image, faces)
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
