"""Pictures as they leave a decoder: grey at once, and in colour only for those who look."""

import threading
from functools import cached_property
from typing import Any, Final

import av.error
import cv2
import numpy as np
from av.video.frame import VideoFrame

from edge.records import GreyArray, ImageArray, Picture

_WITH_GREY: Final = {
    "gray", "nv12", "nv21", "yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p",
}  # fmt: skip
"""FFmpeg's formats whose first plane is the brightness, a byte a pixel."""

_TURNS: Final = {
    90: cv2.ROTATE_90_COUNTERCLOCKWISE,
    -90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    -180: cv2.ROTATE_180,
}


class ColourPicture:
    """A picture that came in colour: of a webcam, or a folder of images.

    Parameters
    ----------
    image
        uint8 ``[height, width, 3]``, blue, green, red.
    """

    def __init__(self, image: ImageArray) -> None:
        if image.shape[2:] != (3,) or image.dtype != np.uint8:
            raise ValueError(f"a picture is uint8 [h, w, 3], not {image.dtype} {list(image.shape)}")
        self.image = image

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]

    @cached_property
    def grey(self) -> GreyArray:
        """``[height, width]``."""
        return np.asarray(cv2.cvtColor(self.image, cv2.COLOR_BGR2GRAY), np.uint8)


class DecodedPicture:
    """A picture of a video, whose first plane is grey already: no pixel is copied for it.

    Most video leaves out the lowest and highest sixteenth of the range: 16 is black, 235 white.
    That is left so, as detectors and the network even out brightness and contrast.

    Parameters
    ----------
    frame
        In one of the formats that begin with brightness.
    """

    def __init__(self, frame: VideoFrame) -> None:
        self._frame = frame
        self._turn = _TURNS.get(frame.rotation)
        self._colouring = threading.Lock()
        self._image: ImageArray | None = None
        plane: Any = frame.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        grey = rows[: frame.height, : frame.width]
        self.grey: GreyArray = grey if self._turn is None else self._upright(grey)
        """``[height, width]``"""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.grey.shape[1], self.grey.shape[0]

    @property
    def image(self) -> ImageArray:
        """In colour, ``[height, width, 3]``: made for the first who asks."""
        with self._colouring:
            if self._image is None:
                self._image = self._upright(self._frame.to_ndarray(format="bgr24"))
            return self._image

    def _upright(self, image: Any) -> ImageArray:
        return np.asarray(image if self._turn is None else cv2.rotate(image, self._turn), np.uint8)


def decoded(frame: VideoFrame) -> Picture | None:
    """Return what FFmpeg decoded, upright, or None if it cannot be converted."""
    # Rows that are stored from the last to the first have a negative size.
    if frame.format.name in _WITH_GREY and frame.planes[0].line_size >= frame.width:
        return DecodedPicture(frame)
    try:
        image: Any = frame.to_ndarray(format="bgr24")
    except (av.error.FFmpegError, ValueError):
        return None
    turn = _TURNS.get(frame.rotation)
    return ColourPicture(np.asarray(image if turn is None else cv2.rotate(image, turn), np.uint8))
