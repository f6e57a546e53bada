"""An hour with a fault every half minute: memory, threads, files, frame rates, and the events."""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Final

from tests.e2e.chaos.site import Site, until
from tests.support.daemon import Daemon
from tests.support.proxy import Proxy
from tests.support.servers import RtspServer, Subscriber

SIZES: Final = {"door": [960, 540], "window": [640, 360]}
_SAMPLE_SECONDS: Final = 5.0


@dataclass
class Sample:
    """What the daemon holds and does at one moment, in seconds since the start."""

    moment: float
    resident_mb: float
    threads: int
    descriptors: int
    fps: dict[str, float]


@dataclass
class Soak:
    """The samples, the faults by their moment, and what was wrong with the events."""

    samples: list[Sample] = field(default_factory=list)
    faults: list[tuple[float, str]] = field(default_factory=list)
    events: int = 0
    wrong: list[str] = field(default_factory=list)
    log: str = ""

    def held(self, after: float, seconds: float = 60.0) -> Sample:
        """Return the medians of the samples from `after` seconds on: our questions take some."""
        within = [each for each in self.samples if after <= each.moment < after + seconds]
        return Sample(
            after,
            median(each.resident_mb for each in within),
            round(median(each.threads for each in within)),
            round(median(each.descriptors for each in within)),
            {name: median(each.fps[name] for each in within) for name in SIZES},
        )


class Faults:
    """The faults of the soak; each has ended when its method returns."""

    def __init__(self, place: Site, servers: dict[str, RtspServer], proxy: Proxy) -> None:
        self._place = place
        self._door, self._window = servers["door"], servers["window"]
        self._proxy = proxy

    def kill_camera(self) -> None:
        self._window.kill()
        time.sleep(5)
        self._window.start()

    def freeze_camera(self) -> None:
        self._window.process.freeze()
        time.sleep(8)
        self._window.process.thaw()

    def freeze_the_other(self) -> None:
        self._door.process.freeze()
        time.sleep(6)
        self._door.process.thaw()

    def damage_pictures(self) -> None:
        self._window.damage()
        time.sleep(6)
        self._window.damage()

    def damage_stream(self) -> None:
        self._proxy.corrupt = 1e-3
        time.sleep(6)
        self._proxy.corrupt = 0.0

    def narrow(self) -> None:
        self._proxy.bytes_a_second = 3e4
        time.sleep(8)
        self._proxy.bytes_a_second = None

    def silence(self) -> None:
        self._proxy.silent = True
        self._proxy.cut()
        time.sleep(6)
        self._proxy.silent = False

    def cut(self) -> None:
        self._proxy.cut()

    def restart_broker(self) -> None:
        self._place.restart_broker()

    def freeze_broker(self) -> None:
        self._place.broker.freeze()
        time.sleep(8)
        self._place.broker.thaw()

    def all_of_them(self) -> list[Callable[[], None]]:
        """Return every fault."""
        return [
            self.kill_camera, self.freeze_camera, self.freeze_the_other,
            self.damage_pictures, self.damage_stream,
            self.narrow, self.silence, self.cut, self.restart_broker, self.freeze_broker,
        ]  # fmt: skip


def soak(place: Site, clips: dict[str, Path], minutes: float, every: float = 30.0) -> Soak:
    """Run two cameras for some minutes with a fault every so many seconds."""
    servers = {name: place.camera(clips[name]) for name in SIZES}
    proxy = Proxy(servers["door"].port)
    place.stack.callback(proxy.close)
    urls = {"door": f"rtsp://127.0.0.1:{proxy.port}/clip", "window": servers["window"].url}
    # A second box's view of the broker would be lost with it: events are checked as they come.
    box = place.box(urls)
    faults = Faults(place, servers, proxy).all_of_them()
    for name in urls:
        until(box, "online", camera=name)
    found, chance, begun = Soak(), random.Random(0), time.monotonic()
    order: list[Callable[[], None]] = []
    next_fault = every
    while (moment := time.monotonic() - begun) < 60 * minutes:
        found.samples.append(_sample(box, moment))
        if moment >= next_fault and moment < 60 * minutes - 2 * every:
            next_fault += every
            order = order or chance.sample(faults, len(faults))
            fault = order.pop()
            found.faults.append((moment, fault.__name__))
            fault()
        time.sleep(_SAMPLE_SECONDS)
    for name in urls:
        until(box, "online", camera=name)
    found.samples.append(_sample(box, time.monotonic() - begun))
    found.log = box.text
    code, seconds = box.stop()
    if code != 0:
        found.wrong.append(f"the daemon ended with {code} after {seconds:.1f} s")
    found.events, wrong = check(place.subscriber)
    found.wrong += wrong
    return found


def check(subscriber: Subscriber) -> tuple[int, list[str]]:
    """Return how many events came, and which have a wrong camera, time or number."""
    wrong: list[str] = []
    last: dict[str, int] = {}
    latest: dict[str, datetime] = {}
    events = 0
    for topic, payload, _ in subscriber.messages:
        if not topic.endswith("/event"):
            continue
        events += 1
        event = json.loads(payload)
        camera, number = event["camera"], event["number"]
        moment = datetime.fromisoformat(event["time"])
        if topic.split("/")[-2] != camera or event["frame"] != SIZES[camera]:
            wrong.append(f"{camera} {number} on {topic} with frames of {event['frame']}")
        if number == last.get(camera):
            continue  # QoS 1: once more is allowed
        if number != last.get(camera, number - 1) + 1:
            wrong.append(f"{camera}: event {number} after {last[camera]}")
        if camera in latest and moment < latest[camera]:
            wrong.append(f"{camera} {number} is of {moment}, before the event before it")
        last[camera], latest[camera] = number, moment
    return events, wrong


def _sample(box: Daemon, moment: float) -> Sample:
    fps = {each["name"]: float(each["fps"]) for each in box.cameras()}
    return Sample(moment, box.resident_mb, box.threads, box.descriptors, fps)


def plot(found: Soak, path: Path) -> None:
    """Draw memory and frame rates over time, with the faults."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    minutes = [sample.moment / 60 for sample in found.samples]
    figure, (memory, rates) = plt.subplots(2, 1, sharex=True, figsize=(11, 6), dpi=120)
    memory.plot(minutes, [sample.resident_mb for sample in found.samples], color="#0072b2")
    memory.set(ylabel="resident memory, MB", ylim=(0, None))
    count = memory.twinx()
    count.plot(minutes, [sample.threads for sample in found.samples], color="#999999", lw=1)
    count.plot(minutes, [s.descriptors for s in found.samples], color="#cc79a7", lw=1)
    count.set(ylabel="threads (grey), descriptors (pink)", ylim=(0, None))
    for name, colour in zip(SIZES, ("#009e73", "#d55e00"), strict=True):
        rates.plot(
            minutes, [sample.fps[name] for sample in found.samples], label=name, color=colour
        )
    rates.set(xlabel="minutes", ylabel="frames a second", ylim=(0, None))
    rates.legend(loc="lower right")
    for axes in (memory, rates):
        for moment, _ in found.faults:
            axes.axvline(moment / 60, color="#00000022", lw=0.8)
    figure.suptitle(f"A fault every half minute ({len(found.faults)} in all), 2 cameras")
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
