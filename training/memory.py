"""How the C library keeps memory that a batch gave back.

glibc returns blocks of tens of megabytes to the system at once, and a network's activations are
of that size: every step would get all of them anew, page by page, zeroed. On two cores a third of
the time went there.
"""

import ctypes
from typing import Final

# Of mallopt(3).
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8

_NEVER: Final = 2**31 - 1
_LARGE: Final = 2**30


def keep_freed_memory() -> None:
    """Let the process keep what it frees, for the next batch; elsewhere than on glibc nothing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_TRIM_THRESHOLD, _NEVER)
        mallopt(_M_ARENA_MAX, 1)
