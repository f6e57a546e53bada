"""What viewers cost, and whether those that are slow or stopped harm anyone.

``python -m tests.benchmarks.viewers --seconds 30``

A camera of 25 frames a second, paced as a live one, is watched by nobody, by some, and by 50: 30
that read all, 10 that are stopped by SIGSTOP, and 10 that read a byte a second. Those that are hung
up on are replaced, so that there are always 50. Meanwhile /healthz is asked 20 times a second.
"""

import os
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from tests.support.daemon import Daemon
from tests.support.system import eventually

STREAM = "/cameras/demo/stream.mjpg"
SETTLE_SECONDS = 6.0
"""The metric of frames a second looks back 5 s."""

# Python imports this by itself when it starts: it counts the pictures that the daemon encodes.
COUNTER = """
import os, struct, threading
import cv2
_file = os.open(os.environ["EDGE_FER_COUNT"], os.O_RDWR | os.O_CREAT)
_real, _lock, _count = cv2.imencode, threading.Lock(), 0
def imencode(*args):
    global _count
    with _lock:
        _count += 1
        os.pwrite(_file, struct.pack("<q", _count), 0)
    return _real(*args)
cv2.imencode = imencode
"""


class Box(Daemon):
    """A daemon that is looked at from outside."""

    def __init__(self, folder: Path) -> None:
        (folder / "sitecustomize.py").write_text(COUNTER)
        self._count = folder / "count"
        self._count.write_bytes(bytes(8))
        config = {"cameras": {"demo": {"source": "demo"}}, "web": {"max_viewers": 50}}
        env = {"PYTHONPATH": f"{folder}:{Path.cwd()}", "EDGE_FER_COUNT": str(self._count)}
        super().__init__(folder, config, env=env)

    @property
    def cpu_seconds(self) -> float:
        """What it has used of all cores."""
        fields = Path(f"/proc/{self.popen.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def encoded(self) -> int:
        """How many pictures it has encoded."""
        return int.from_bytes(self._count.read_bytes(), "little")

    @property
    def frames(self) -> float:
        """How many frames went all the way."""
        return self.metric("edge_fer_frames_processed_total", camera="demo", stage="publish")

    @property
    def viewers(self) -> int:
        """How many watch."""
        return int(self.metric("edge_fer_stream_viewers", camera="demo"))

    @property
    def temporary_files(self) -> int:
        """How many files it has open that are deleted, as waitress' temporary ones are."""
        links = []
        for descriptor in Path(f"/proc/{self.popen.pid}/fd").iterdir():
            with suppress(OSError):
                links.append(str(descriptor.readlink()))
        return sum("(deleted)" in link for link in links)


@dataclass
class Figures:
    """What was measured while some watched."""

    who: str
    fps: float
    cpu: float
    encoded: float
    healthz_ms: list[float]
    resident_mb: list[float]
    """The most in each quarter of the time."""
    temporary_files: int

    @property
    def p99(self) -> float:
        """Of the answers of /healthz, in ms."""
        return statistics.quantiles(self.healthz_ms, n=100)[98]


def measure(box: Box, who: str, seconds: float) -> Figures:
    """Look at the daemon for some time."""
    time.sleep(SETTLE_SECONDS)
    answers: list[float] = []
    resident: list[float] = []
    start, cpu, frames, encoded = time.monotonic(), box.cpu_seconds, box.frames, box.encoded
    while (now := time.monotonic()) < start + seconds:
        box.get("/healthz")
        answers.append(1000 * (time.monotonic() - now))
        resident.append(box.resident_mb)
        time.sleep(0.05)
    took = time.monotonic() - start
    quarters = [max(resident[n * len(resident) // 4 :][: len(resident) // 4]) for n in range(4)]
    return Figures(
        who, (box.frames - frames) / took, (box.cpu_seconds - cpu) / took,
        (box.encoded - encoded) / took, answers, quarters, box.temporary_files,
    )  # fmt: skip


def connect(port: int) -> socket.socket:
    """Ask for the stream."""
    viewer = socket.create_connection(("127.0.0.1", port), 20)
    viewer.sendall(f"GET {STREAM} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return viewer


def watch(port: int, count: int, drip: bool) -> None:
    """Be so many viewers, until nobody wants us any more; a byte a second each if we `drip`."""
    selector = selectors.DefaultSelector()
    for _ in range(count):
        selector.register(connect(port), selectors.EVENT_READ)
    while selector.get_map():
        for key, _ in selector.select(1.0):
            assert isinstance(key.fileobj, socket.socket)
            if not key.fileobj.recv(1 if drip else 1 << 18):
                selector.unregister(key.fileobj)
                key.fileobj.close()
        if drip:
            time.sleep(1)


def start(port: int, count: int, kind: str = "watch") -> subprocess.Popen[bytes]:
    """Start a process of viewers."""
    command = [sys.executable, "-m", "tests.benchmarks.viewers", f"--{kind}", f"{port},{count}"]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def stopped(port: int) -> subprocess.Popen[bytes]:
    """Start a viewer, and stop it once it has seen something."""
    process = subprocess.Popen(
        ["curl", "-sN", f"http://127.0.0.1:{port}{STREAM}"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.read(1)
    process.send_signal(signal.SIGSTOP)
    return process


@contextmanager
def watched(box: Box, normal: int, dripping: int = 0, frozen: int = 0) -> Iterator[None]:
    """Have so many watch while the block runs."""
    processes = [start(box.web_port, normal)] if normal else []
    done = threading.Event()
    total = normal + dripping + frozen
    eventually(lambda: box.viewers == normal, 60, "normal viewers")
    if dripping:
        processes.append(start(box.web_port, dripping, "drip"))
        eventually(lambda: box.viewers == normal + dripping, 60, "dripping viewers")

    def replace() -> None:
        while not done.wait(0.5):
            missing = total - box.viewers
            for _ in range(missing):
                with suppress(OSError):
                    processes.append(stopped(box.web_port))

    keeper = threading.Thread(target=replace)
    if frozen:
        processes += [stopped(box.web_port) for _ in range(frozen)]
        keeper.start()
    try:
        eventually(lambda: box.viewers == total, 60, f"{total} viewers")
        yield
    finally:
        done.set()
        if keeper.is_alive():
            keeper.join(30)
        for process in processes:
            process.kill()
            process.wait(10)
    eventually(lambda: box.viewers == 0, 60, "everybody gone")


def first_picture(port: int) -> float:
    """Return the seconds from connecting to the end of the first picture."""
    begun = time.monotonic()
    with connect(port) as viewer:
        data = b""
        while b"\xff\xd9" not in data:
            data += viewer.recv(1 << 16)
    return time.monotonic() - begun


def report(console: Console, rows: list[Figures], firsts: list[float]) -> None:
    """Print the tables."""
    table = Table(
        "viewers", "frames a second", "CPU, % of a core", "encoded a second",
        "/healthz median, p99 (ms)", "memory, most in each quarter (MB)", "temporary files",
    )  # fmt: skip
    for row in rows:
        table.add_row(
            row.who, f"{row.fps:.2f}", f"{100 * row.cpu:.0f}", f"{row.encoded:.1f}",
            f"{statistics.median(row.healthz_ms):.1f}, {row.p99:.1f} of {len(row.healthz_ms)}",
            ", ".join(f"{mb:.0f}" for mb in row.resident_mb), str(row.temporary_files),
        )  # fmt: skip
    console.print(table)
    console.print(
        f"first picture after connecting, {len(firsts)} times: median "
        f"{1000 * statistics.median(firsts):.0f} ms, at most {1000 * max(firsts):.0f} ms"
    )
    one, many = rows[1], rows[3]
    console.print(f"CPU for each added normal viewer: {100 * (many.cpu - one.cpu) / 29:.2f} %")
    loss = 1 - rows[4].fps / ((rows[0].fps + rows[5].fps) / 2)
    console.print(f"frames a second lost to 50 viewers, 20 of them bad: {100 * loss:.1f} %")


@click.command()
@click.option("--seconds", default=30.0, help="For each row of the table.")
@click.option("--long", default=120.0, help="For the row with the bad viewers.")
@click.option("--watch", "watch_", hidden=True)
@click.option("--drip", hidden=True)
def main(seconds: float, long: float, watch_: str | None, drip: str | None) -> None:
    """Measure, and print a table."""
    if watch_ or drip:
        port, count = (watch_ or drip or "").split(",")
        watch(int(port), int(count), bool(drip))
        return
    with tempfile.TemporaryDirectory() as folder:
        box = Box(Path(folder))
        try:
            box.ready()
            eventually(lambda: box.cameras()[0]["faces"], 60, "a face")
            rows = [measure(box, "none", seconds)]
            for normal in (1, 10, 30):
                with watched(box, normal):
                    rows.append(measure(box, f"{normal}", seconds))
            with watched(box, 30, 10, 10):
                rows.append(measure(box, "30, 10 a byte a second, 10 stopped", long))
            rows.append(measure(box, "none again", seconds))
            firsts = [first_picture(box.web_port) for _ in range(20)]
            report(Console(width=150), rows, firsts)
        finally:
            box.kill()


if __name__ == "__main__":
    main()
