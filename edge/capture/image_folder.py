"""A folder of images, in the order of their names, as one clip."""

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge.capture.picture import ColourPicture
from edge.capture.source import EndOfVideo, SourceError
from edge.records import ImageArray

_SUFFIXES: Final = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
_FPS: Final = 25.0


class ImageFolder:
    """Every image of a folder, 25 a second on the clip's clock.

    An image that cannot be read is counted as damaged; a folder without any that can is an error.
    """

    live = False

    def __init__(self, path: Path) -> None:
        self.description = str(path)
        self.damaged = 0
        self._path = path
        self._files: list[Path] = []
        self._next = 0
        self._image: ImageArray | None = None

    def open(self) -> None:
        """List the images."""
        try:
            files = sorted(p for p in self._path.iterdir() if p.suffix.lower() in _SUFFIXES)
        except OSError as error:
            raise SourceError(f"cannot read {self.description}: {error.strerror}") from None
        if not files:
            raise SourceError(f"no images in {self.description}: JPEG, PNG, BMP, WebP or TIFF")
        self._files, self._next = files, 0

    def grab(self) -> float:
        """Read the next image."""
        while self._next < len(self._files):
            number, self._next = self._next, self._next + 1
            self._image = _read(self._files[number])
            if self._image is not None:
                return number / _FPS
            self.damaged += 1
        if self.damaged == len(self._files):
            raise SourceError(f"none of the images in {self.description} can be read")
        raise EndOfVideo

    def retrieve(self) -> ColourPicture:
        """Return the image."""
        if self._image is None:
            raise SourceError(f"no image of {self.description} was grabbed")
        return ColourPicture(self._image)

    def close(self) -> None:
        """Let go of the image."""
        self._image = None


def _read(path: Path) -> ImageArray | None:
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (OSError, cv2.error):
        return None
    return None if image is None else np.asarray(image, np.uint8)
