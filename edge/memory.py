"""Memory that stays where it is, however often threads come and go."""

import ctypes
from typing import Final

_M_ARENA_MAX: Final = -8
_ARENAS: Final = 2


def limit_arenas() -> None:
    """Let all threads allocate from a few arenas of glibc's malloc; elsewhere do nothing.

    By default it gives threads an arena of their own, eight per core: every reader of a camera
    that was lost would leave its megabytes behind in one more. See mallopt(3), M_ARENA_MAX.
    """
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
    except (AttributeError, OSError):  # musl, say, has neither arenas nor mallopt
        return
