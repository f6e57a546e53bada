"""Still pictures: from the bytes of a file to what a detector takes."""

import cv2
import numpy as np

from edge.errors import EdgeFerError
from edge.picture_header import is_whole_jpeg
from edge.records import ImageArray


def decode(content: bytes) -> ImageArray:
    """Return a picture upright, as its EXIF data says.

    Raises
    ------
    EdgeFerError
        If it is damaged, incomplete, or no image at all.
    """
    try:
        coded = np.frombuffer(content, np.uint8)
        image = cv2.imdecode(coded, cv2.IMREAD_COLOR) if _whole(content) else None
    except cv2.error:
        image = None
    if image is None:
        raise EdgeFerError("not an image that can be read: damaged, or no image at all")
    return np.asarray(image, np.uint8)


def _whole(content: bytes) -> bool:
    """Return whether a JPEG or PNG goes on to its end marker; OpenCV fills up what is missing."""
    if content.startswith(b"\xff\xd8"):
        return is_whole_jpeg(content)
    if content.startswith(b"\x89PNG"):
        return b"IEND" in content
    return bool(content)
