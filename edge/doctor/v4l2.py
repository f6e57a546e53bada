"""What a Video4Linux device says of itself (linux/videodev2.h)."""

import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_QUERYCAP: Final = 0x80685600
"""VIDIOC_QUERYCAP: driver, card, bus, version, capabilities of the whole, and of this node."""

_ENUM_FMT: Final = 0xC0405602
"""VIDIOC_ENUM_FMT: index, type, flags, description, pixel format."""

_CAPABILITY: Final = struct.Struct("=16s32s32sIII12x")
_FORMAT: Final = struct.Struct("=III32s4s16x")

_CAPTURE: Final = 0x1
_CAPTURE_PLANES: Final = 0x1000
_DEVICE_CAPS: Final = 0x80000000
_TYPE: Final = 1
_TYPE_PLANES: Final = 9
_MOST_FORMATS: Final = 64


@dataclass(frozen=True)
class Device:
    """A node below ``/dev``.

    Attributes
    ----------
    name
        What the maker calls it.
    gives_pictures
        Whether it does; webcams have nodes of metadata as well.
    formats
        Of its pictures: four characters each, as ``capture.fourcc`` takes them.
    """

    name: str
    gives_pictures: bool
    formats: tuple[str, ...]


def query(path: Path) -> Device:
    """Ask a device what it is; that disturbs nobody who reads it.

    Raises
    ------
    OSError
        If it cannot be opened, or is no such device.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        answer = bytearray(_CAPABILITY.size)
        fcntl.ioctl(descriptor, _QUERYCAP, answer)
        _, card, _, _, whole, node = _CAPABILITY.unpack(answer)
        can = node if whole & _DEVICE_CAPS else whole
        kinds = ((_CAPTURE, _TYPE), (_CAPTURE_PLANES, _TYPE_PLANES))
        types = [kind for flag, kind in kinds if can & flag]
        formats = [each for kind in types for each in _formats(descriptor, kind)]
    finally:
        os.close(descriptor)
    return Device(_text(card), bool(types), tuple(dict.fromkeys(formats)))


def _formats(descriptor: int, kind: int) -> list[str]:
    found: list[str] = []
    for index in range(_MOST_FORMATS):
        asked = bytearray(_FORMAT.pack(index, kind, 0, b"", b""))
        try:
            fcntl.ioctl(descriptor, _ENUM_FMT, asked)
        except OSError:  # there are no more
            break
        found.append(_text(_FORMAT.unpack(asked)[4]))
    return found


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode(errors="replace").strip()
