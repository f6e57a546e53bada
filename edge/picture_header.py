"""How large a JPEG, PNG or WebP would be, read from its first bytes before any is decoded.

A few kilobytes can stand for gigabytes of pixels: who takes pictures from strangers asks here.
"""

import re
import struct
from collections.abc import Iterator
from typing import Final

from edge.errors import EdgeFerError

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"

_MOST_SCANS: Final = 32
"""Of a progressive JPEG; 10 are usual. Each costs time for all pixels, and hardly a byte."""

_MOST_SEGMENTS: Final = 1000
"""Of a JPEG; each is a turn of ours, and may be four bytes of theirs."""

_MARKER: Final = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])")
"""As libjpeg does: what is no marker is skipped, and so are padding and what stands for itself."""

_MOST_CHUNKS: Final = 1000
"""Of a PNG, before its pixels."""

_FRAMES: Final = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""Markers that begin a JPEG frame, with its size."""

_SCAN: Final = 0xDA
_END: Final = 0xD9


class UnknownFormatError(EdgeFerError):
    """Neither JPEG nor PNG nor WebP."""


def size_of(content: bytes) -> tuple[int, int]:
    """Return the width and height that a picture claims, before it is turned upright.

    Raises
    ------
    UnknownFormatError
        If it is neither JPEG nor PNG nor WebP.
    EdgeFerError
        If it is damaged, animated, or a JPEG that only serves to keep a computer busy.
    """
    try:
        if content.startswith(_JPEG):
            width, height = _jpeg(content)
        elif content.startswith(_PNG):
            width, height = _png(content)
        elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            width, height = _webp(content)
        else:
            raise UnknownFormatError("send a JPEG, PNG or WebP picture")
    except (struct.error, IndexError):
        raise EdgeFerError("the picture ends within its header") from None
    if not (width and height):
        raise EdgeFerError("the picture has no pixels")
    return width, height


def is_whole_jpeg(content: bytes) -> bool:
    """Return whether a JPEG goes on to its end marker; phones put films and more behind it.

    Raises
    ------
    EdgeFerError
        If it has more segments than any picture.
    """
    try:
        return any(marker == _END for marker, _ in _segments(content))
    except struct.error:
        return False


def _jpeg(content: bytes) -> tuple[int, int]:
    size, scans = None, 0
    for marker, place in _segments(content):
        if marker in _FRAMES and size is None:
            height, width = struct.unpack_from(">HH", content, place + 3)
            size = width, height
        scans += marker == _SCAN
    if scans > _MOST_SCANS:
        raise EdgeFerError(f"a JPEG of more than {_MOST_SCANS} scans")
    if size is None:
        raise EdgeFerError("a JPEG without a frame")
    return size


def _segments(content: bytes) -> Iterator[tuple[int, int]]:
    """Give the markers of a JPEG, and where what belongs to them begins, up to its end marker."""
    place = 2
    for _ in range(_MOST_SEGMENTS):
        found = _MARKER.search(content, place)
        if found is None:
            return
        marker, place = found[1][0], found.end()
        yield marker, place
        if marker == _END:
            return
        place += struct.unpack_from(">H", content, place)[0]
    raise EdgeFerError(f"a JPEG of more than {_MOST_SEGMENTS} segments")


def _png(content: bytes) -> tuple[int, int]:
    if content[12:16] != b"IHDR":
        raise EdgeFerError("a PNG without a header")
    place = len(_PNG)
    for _ in range(_MOST_CHUNKS):
        length, kind = struct.unpack_from(">I4s", content, place)
        if kind == b"acTL":
            raise EdgeFerError("an animated picture: send one of its frames")
        if kind in {b"IDAT", b"IEND"}:
            width, height = struct.unpack_from(">II", content, 16)
            return width, height
        place += length + 12
    raise EdgeFerError("a PNG without a picture")


def _webp(content: bytes) -> tuple[int, int]:
    kind = content[12:16]
    if kind == b"VP8X":
        if content[20] & 0x02:
            raise EdgeFerError("an animated picture: send one of its frames")
        sides = content[24:27], content[27:30]
        width, height = (int.from_bytes(side, "little") + 1 for side in sides)
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", content, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", content, 26))
    else:
        raise EdgeFerError("a WebP without a picture")
    return width, height
