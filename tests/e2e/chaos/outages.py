"""One camera that goes away in every way, and comes back."""

import statistics
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.chaos.site import STALL_SECONDS, Site, next_event, state, statuses, until
from tests.support.daemon import Daemon
from tests.support.proxy import Proxy
from tests.support.system import eventually, free_port


@dataclass(frozen=True)
class Restarts:
    """Seconds from a server that is back to the first event, and what the daemon held."""

    seconds: list[float]
    threads: tuple[int, int]
    descriptors: tuple[int, int]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def restarts(place: Site, clip: Path, times: int, away: float) -> Restarts:
    """Kill the RTSP server and start it again after `away` seconds, some times."""
    camera = place.camera(clip)
    box = place.box({"door": camera.url})
    next_event(place.subscriber, 0, "appeared")
    time.sleep(2)
    before = _held(box)
    seconds = []
    for _ in range(times):
        camera.kill()
        eventually(lambda: state(box) != "online", 20)
        time.sleep(away)
        seen = len(place.subscriber.messages)
        camera.start()
        start = time.monotonic()
        seconds.append(next_event(place.subscriber, seen, "appeared") - start)
    # What was left behind finds out by and by.
    after, deadline = _held(box), time.monotonic() + 30
    while time.monotonic() < deadline and any(a > b for a, b in zip(after, before, strict=True)):
        after = _held(box)
    return Restarts(seconds, (before[0], after[0]), (before[1], after[1]))


def _held(box: Daemon) -> tuple[int, int]:
    """Return the most threads and descriptors within some seconds: our own questions take some."""
    looks = []
    for _ in range(20):
        looks.append((box.threads, box.descriptors))
        time.sleep(0.1)
    return max(threads for threads, _ in looks), max(files for _, files in looks)


@dataclass(frozen=True)
class Freeze:
    """Seconds until a stall was noticed and, after the thaw, until frames came again."""

    noticed: float
    back: float
    statuses: list[str]
    same_process: bool
    log: str


def freeze(place: Site, clip: Path, seconds: float) -> Freeze:
    """Stop the server's process for some seconds: its sockets stay open."""
    camera = place.camera(clip)
    box = place.box({"door": camera.url})
    until(box, "online")
    time.sleep(1)
    camera.process.freeze()
    start = time.monotonic()
    eventually(lambda: state(box) != "online", STALL_SECONDS + 10)
    noticed = time.monotonic() - start
    time.sleep(max(0.0, seconds - noticed))
    camera.process.thaw()
    back = until(box, "online")
    eventually(lambda: statuses(place.subscriber)[-1] == "online", 5)
    return Freeze(noticed, back, statuses(place.subscriber), box.popen.poll() is None, box.text)


@dataclass(frozen=True)
class Refusal:
    """What a camera that cannot be had is called, and the line that says why."""

    kind: str
    statuses: list[str]
    line: str


def refusals(place: Site, clip: Path) -> list[Refusal]:
    """Try a camera each that is silent, off, locked, without such a path, without a picture."""
    camera = place.camera(clip)
    locked = place.camera(clip, login="user:secret")
    silent = Proxy(camera.port)
    silent.silent = True
    place.stack.callback(silent.close)
    urls = {
        "silent": f"rtsp://127.0.0.1:{silent.port}/clip",
        "off": f"rtsp://127.0.0.1:{free_port()}/clip",
        "locked": locked.url,
        "wrong": locked.url.replace("://", "://user:wrong@"),
        "nopath": camera.url.replace("/clip", "/none"),
        "sound": camera.url.replace("/clip", "/sound"),
        "well": camera.url,
    }
    box = place.box(urls)
    found = []
    for name in urls:
        wanted = "online" if name == "well" else "offline"
        until(box, wanted, 90, camera=name)
        eventually(lambda n=name, w=wanted: statuses(place.subscriber, n)[-1] == w, 5)
        lines = [line for line in box.text.splitlines() if f" {name} is " in line]
        found.append(Refusal(name, statuses(place.subscriber, name), lines[-1] if lines else ""))
    assert "secret" not in box.text
    assert "Traceback" not in box.text
    return found


def back_while_opened(place: Site, clip: Path) -> float:
    """Let a server answer again while we wait for it to; return the seconds until it is online."""
    camera = place.camera(clip)
    proxy = Proxy(camera.port)
    place.stack.callback(proxy.close)
    proxy.silent = True
    box = place.box({"door": f"rtsp://127.0.0.1:{proxy.port}/clip"})
    until(box, "reconnecting")
    proxy.silent = False
    return until(box, "online")


def sizes(place: Site, clips: list[Path], seconds: float = 0.0) -> dict[str, int]:
    """Play clips of other sizes as one stream until each has given an event, and for `seconds`.

    Return the number of events of each size.
    """
    box = place.box({"door": place.camera(clips).url}, track={"lost_seconds": 0.5})
    until(box, "online")

    def found() -> Counter[str]:
        return Counter("x".join(map(str, e["frame"])) for e in place.subscriber.events())

    start = time.monotonic()
    eventually(lambda: len(found()) == len(clips), 60, "events of every size")
    time.sleep(max(0.0, start + seconds - time.monotonic()))
    assert state(box) == "online"
    assert set(statuses(place.subscriber)) <= {"starting", "online"}
    return found()


def stop(box: Daemon) -> tuple[int, float]:
    """Send SIGTERM; return the exit code and the seconds until the end."""
    code, seconds = box.stop()
    assert "Traceback" not in box.text, box.text
    return code, seconds
