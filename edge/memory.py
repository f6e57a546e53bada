"""What the C library does with memory; see mallopt(3). Elsewhere than on glibc nothing happens."""

import ctypes
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_MMAP_MAX: Final = -4
_M_ARENA_MAX: Final = -8

_ARENAS: Final = 2

_LARGEST: Final = 32 * 2**20
"""Larger blocks go back to the system in any case: glibc takes no higher threshold."""

_NEVER: Final = 2**31 - 1


def limit_arenas() -> None:
    """Let all threads allocate from a few arenas.

    By default glibc gives threads an arena of their own, eight per core: every reader of a camera
    that was lost would leave its megabytes behind in one more.
    """
    _set(_M_ARENA_MAX, _ARENAS)


def keep_freed_memory(most: int | None = None) -> None:
    """Let this process keep what it frees, for what it asks for next.

    By itself glibc gives blocks of a picture's or a network's size back to the system at once,
    and gets them anew for the next frame or step, page by page, zeroed: measured as 7 % of the
    daemon's CPU, and half of training's.

    Parameters
    ----------
    most
        Bytes to keep at the end of each arena, of blocks up to 32 MB; None for everything.
    """
    if most is None:
        # All arenas but the first are made of 64 MB pieces, and give back those that are empty.
        _set(_M_ARENA_MAX, 1)
        _set(_M_MMAP_MAX, 0)
        _set(_M_TRIM_THRESHOLD, _NEVER)
    else:
        _set(_M_MMAP_THRESHOLD, _LARGEST)
        _set(_M_TRIM_THRESHOLD, most)


def _set(parameter: int, value: int) -> None:
    try:
        ctypes.CDLL(None).mallopt(parameter, value)
    except (AttributeError, OSError):  # musl, say, has no mallopt
        return
