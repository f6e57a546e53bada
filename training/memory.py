"""How the C library keeps memory that a batch gave back."""

import ctypes
from typing import Final

# Of mallopt(3).
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_MAX: Final = -4

_NEVER: Final = 2**31 - 1


def keep_freed_memory() -> None:
    """Let this process keep what it frees, for the next batch; elsewhere than on glibc nothing.

    glibc gives blocks of a network's size back to the system at once, and every step gets all of
    them anew, page by page, zeroed: half of a CPU's time in training.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, _NEVER)
