"""Real parts of the system: programs, ports, processes that can be frozen."""

import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count, islice
from pathlib import Path
from typing import ClassVar, TypeVar

import pytest

Found = TypeVar("Found")

REPOSITORY = Path(__file__).parents[2]
SHARED = REPOSITORY.parent / "shared"
"""Data that is not ours to ship; beside the repository where it is there at all."""


def missing(what: str) -> None:
    """Skip the test for a part of the system that is not there; in CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI must have it", pytrace=False)
    pytest.skip(f"{what} is missing")


def program(name: str) -> str:
    """Return the path of a program, or skip."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")
    if path is None:
        missing(f"the program {name} (make debian-packages)")
        raise AssertionError
    return path


def tflite_runtime() -> Path:
    """Return the Python of the environment that has tflite-runtime, or skip."""
    python = REPOSITORY / ".venv-tflite-runtime/bin/python"
    if not python.exists():
        missing("the environment with tflite-runtime (make tflite-runtime, with Python 3.11)")
    return python


# Below those that Linux gives to outgoing connections. Each process of tests begins elsewhere and
# goes on upwards, so that none is given a port that another has not come to use yet.
_PORTS = range(10_000, 32_768)
_next_port = count(random.randrange(len(_PORTS)))


def free_port() -> int:
    """Return a TCP port on loopback that nobody uses now, and another one every time."""
    for number in islice(_next_port, len(_PORTS)):
        port = _PORTS[number % len(_PORTS)]
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def listens(port: int) -> bool:
    """Return whether somebody accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def eventually(probe: Callable[[], Found], seconds: float = 100.0, what: str = "it") -> Found:
    """Call `probe` until it gives something true; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = probe()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")


_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _die_with_us() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A program that a test starts, freezes, thaws and ends; it does not outlive the tests."""

    started: ClassVar[set["Process"]] = set()
    """Those that nobody has ended."""

    def __init__(self, command: list[str], log: Path, env: dict[str, str] | None = None) -> None:
        self.log = log
        # The system means the thread that starts it, not the process.
        main = threading.current_thread() is threading.main_thread()
        with log.open("ab") as out:
            self.popen = subprocess.Popen(
                command,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **(env or {})},
                preexec_fn=_die_with_us if main else None,  # noqa: PLW1509 - it only calls prctl
            )
        self.started.add(self)

    @property
    def text(self) -> str:
        """What it has written so far."""
        return self.log.read_text(errors="replace")

    def freeze(self) -> None:
        """Stop it in its tracks: its sockets stay open and nothing answers."""
        self.popen.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.popen.send_signal(signal.SIGCONT)

    def stop(self, number: int = signal.SIGTERM, seconds: float = 20) -> tuple[int, float]:
        """Send a signal and return the exit code and the seconds until it ended."""
        start = time.monotonic()
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        code = self.popen.wait(seconds)
        self.started.discard(self)
        return code, time.monotonic() - start

    @property
    def threads(self) -> int:
        """How many threads it has."""
        return len(list(Path(f"/proc/{self.popen.pid}/task").iterdir()))

    @property
    def descriptors(self) -> int:
        """How many files and sockets it has open."""
        return len(list(Path(f"/proc/{self.popen.pid}/fd").iterdir()))

    @property
    def resident_mb(self) -> float:
        """Its resident memory in MB."""
        pages = int(Path(f"/proc/{self.popen.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def kill(self) -> None:
        """End it, frozen or not."""
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait(10)
        self.started.discard(self)
