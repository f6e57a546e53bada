"""OpenCV's video reader, with its failures as exceptions."""

from collections.abc import Sequence

import cv2
import numpy as np

from edge.capture.source import SourceError
from edge.records import ImageArray


class OpenCvReader:
    """A `cv2.VideoCapture` that raises instead of returning False.

    Parameters
    ----------
    description
        What to call the source in errors.
    """

    def __init__(self, description: str) -> None:
        self._description = description
        self._video: cv2.VideoCapture | None = None

    def open(self, target: str, backend: int, parameters: Sequence[int] = ()) -> None:
        """Open `target` with one of OpenCV's back ends and its parameters.

        Raises
        ------
        SourceError
            If OpenCV cannot.
        """
        self.close()
        video = cv2.VideoCapture(target, backend, list(parameters))
        if not video.isOpened():
            video.release()
            raise SourceError(f"cannot open {self._description}")
        self._video = video

    def grab(self) -> bool:
        """Wait for the next picture; return whether there is one."""
        if self._video is None:
            raise SourceError(f"{self._description} is not open")
        try:
            return self._video.grab()
        except cv2.error:
            return False

    def retrieve(self) -> ImageArray | None:
        """Return the grabbed picture, or None where it cannot be decoded."""
        if self._video is None:
            raise SourceError(f"{self._description} is not open")
        try:
            good, image = self._video.retrieve()
        except cv2.error:  # a frame of no bytes, say
            return None
        if not good or image is None:
            return None
        return np.asarray(image, np.uint8)

    def get(self, prop: int) -> float:
        """Return one of OpenCV's ``CAP_PROP_`` values; 0 where it is unknown."""
        return self._video.get(prop) if self._video is not None else 0.0

    def set(self, prop: int, value: float) -> bool:
        """Ask for a value; return whether the source took it."""
        return self._video is not None and self._video.set(prop, value)

    def close(self) -> None:
        """Release the source."""
        if self._video is not None:
            self._video.release()
            self._video = None
