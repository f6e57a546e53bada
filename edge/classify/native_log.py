"""What native libraries write to standard output and error, kept from the terminal."""

import atexit
import ctypes
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_lock = threading.RLock()


class NativeLog:
    """The lines that were written, once `capture` is over."""

    text = ""


@contextmanager
def capture() -> Iterator[NativeLog]:
    """Keep what the whole process writes, native code too, in the log that it yields.

    What other threads write meanwhile is kept as well: use it only while something is loaded.
    """
    log = NativeLog()
    with _lock, tempfile.TemporaryFile() as file:
        _flush()
        kept = [(number, os.dup(number)) for number in (1, 2)]
        for number, _ in kept:
            os.dup2(file.fileno(), number)
        try:
            yield log
        finally:
            _flush()
            for number, copy in kept:
                os.dup2(copy, number)
                os.close(copy)
            file.seek(0)
            log.text = file.read().decode(errors="replace")


def silence_exit() -> None:
    """Keep what native libraries say when they are unloaded off standard error."""

    def silence() -> None:
        _flush()
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)

    atexit.register(silence)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    ctypes.CDLL(None).fflush(None)  # C's own buffers, which Python does not know
