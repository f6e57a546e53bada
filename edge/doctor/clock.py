"""Whether the clock is kept: events carry its time, and certificates are judged by it."""

import ctypes
import time
from collections.abc import Iterator
from typing import Final

from edge.doctor.finding import Check, Finding, error, good, warning

_UNSYNCHRONIZED: Final = 0x40
"""STA_UNSYNC of adjtimex(2)."""

_BUILT: Final = 1_767_225_600
"""2026-01-01: no box that runs this has seen an earlier day."""

_ADVICE: Final = "timedatectl set-ntp true, or install chrony; without a network fit a clock module"


def checks() -> Iterator[Check]:
    """Give what to look at."""
    yield Check("clock", lambda _: judge(time.time(), synchronized()))


class _Timex(ctypes.Structure):
    """The beginning of struct timex, and room for the rest of it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 512),
    )


def synchronized() -> bool | None:
    """Return whether the kernel's clock is kept by a time server; None where it does not tell."""
    found = _Timex()  # modes of 0: nothing is adjusted
    try:
        if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(found)) < 0:
            return None
    except AttributeError:  # not Linux
        return None
    return not found.status & _UNSYNCHRONIZED


def judge(now: float, kept: bool | None) -> Iterator[Finding]:
    """Tell what to think of a clock.

    Parameters
    ----------
    now
        What it shows, in seconds of Unix time.
    kept
        Whether a time server keeps it, if that is known.
    """
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    if now < _BUILT:
        yield error(f"{shown} is in the past: certificates and events will be wrong", _ADVICE)
    elif kept is None:
        yield warning(f"{shown}; the kernel does not tell whether it is kept", "see timedatectl")
    elif kept:
        yield good(f"{shown}, kept by a time server")
    else:
        yield warning(f"{shown}, and no time server keeps it: it will drift", _ADVICE)
