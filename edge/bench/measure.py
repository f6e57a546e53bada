"""One measurement of the daemon."""

import random
import socket
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final

from edge.bench.daemon import Daemon, Scrape
from edge.bench.options import Options
from edge.bench.subscriber import Subscriber, quantiles_ms
from edge.bench.viewer import Viewer
from edge.errors import EdgeFerError
from edge.metrics.labels import STAGES

_START_SECONDS: Final = 60.0
_EVENT_SECONDS: Final = 3.0
"""How long to wait for a first event: there may be nobody in the clip."""

_SETTLE_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.05

_PORTS: Final = range(20000, 30000)
"""None that the system gives to outgoing connections: one such could take it before the daemon."""


def measure(source: str, options: Options, seconds: float) -> dict[str, Any]:
    """Run the daemon on a clip or camera, and return its figures of `seconds` once it is warm.

    Raises
    ------
    EdgeFerError
        If it ends early, gives no frames within a minute, or does not end well.
    """
    mqtt_port, web_port = _free_ports()
    config = options.config(source, mqtt_port, web_port)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-fer-bench-")))
        subscriber = stack.enter_context(Subscriber(mqtt_port))
        daemon = stack.enter_context(Daemon(config, folder))
        _wait_for_frames(daemon, options.names)
        viewers = [
            stack.enter_context(Viewer(web_port, options.names[number % options.cameras]))
            for number in range(options.viewers)
        ]
        _warm_up(daemon, subscriber, viewers)
        subscriber.delays()
        shown = [viewer.pictures for viewer in viewers]
        before = daemon.scrape()
        time.sleep(max(0.0, before.moment + seconds - time.monotonic()))
        daemon.check()
        after = daemon.scrape()
        delays = subscriber.delays()
        pictures = sum(viewer.pictures for viewer in viewers) - sum(shown)
        figures = {
            **_rates(before, after),
            "rss_mb": daemon.memory_mb("VmRSS"),
            "peak_rss_mb": daemon.memory_mb("VmHWM"),
            "latency_ms": quantiles_ms(delays),
            "latency_messages": len(delays),
            "viewer_fps": pictures / (after.moment - before.moment) / max(1, options.viewers),
            "engine": _engine(after),
        }
        first = subscriber.first_event
        figures["first_event_seconds"] = None if first is None else first - daemon.started
        daemon.stop()
    return figures


def _rates(before: Scrape, after: Scrape) -> dict[str, Any]:
    """Return what counters say of the time between two scrapes."""

    def grown(name: str, *labels: str) -> dict[tuple[str, ...], float]:
        old = before.each(name, *labels)
        return {key: value - old.get(key, 0.0) for key, value in after.each(name, *labels).items()}

    took = after.moment - before.moment
    frames = grown("frames_processed_total", "stage")[("publish",)]
    if not frames:
        raise EdgeFerError("the daemon finished no frame while it was measured: use more --seconds")
    cpu = grown("process_cpu_seconds_total")[()]
    spent, worked = grown("stage_seconds_sum", "stage"), grown("stage_seconds_count", "stage")
    stages = {s: 1000 * spent[s,] / worked[s,] for s in STAGES if worked.get((s,))}
    read = grown("inference_seconds_count")[()]
    dropped = grown("frames_dropped_total", "stage", "reason")
    return {
        "frames": int(frames),
        "seconds": took,
        "fps": frames / took,
        "faces_a_frame": sum(grown("emotions_total").values()) / frames,
        "cpu_percent": 100 * cpu / took,
        "cpu_seconds_a_frame": cpu / frames,
        "stage_ms": stages,
        "inference_ms": 1000 * grown("inference_seconds_sum")[()] / read if read else None,
        "scanned": int(frames - sum(grown("frames_unscanned_total").values())),
        "dropped": {" ".join(key): int(value) for key, value in dropped.items()},
    }


def _wait_for_frames(daemon: Daemon, cameras: tuple[str, ...]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        daemon.check()
        scrape = daemon.try_scrape()
        if scrape is not None:
            done = scrape.each("frames_processed_total", "camera", "stage")
            if all(done.get((camera, "publish")) for camera in cameras):
                return
        time.sleep(_POLL_SECONDS)
    raise EdgeFerError(f"no frames within {_START_SECONDS:.0f} s: {daemon.last_line()}")


def _warm_up(daemon: Daemon, subscriber: Subscriber, viewers: list[Viewer]) -> None:
    event_by = time.monotonic() + _EVENT_SECONDS
    while subscriber.first_event is None and time.monotonic() < event_by:
        daemon.check()
        time.sleep(_POLL_SECONDS)
    pictures_by = time.monotonic() + _START_SECONDS
    while not all(viewer.pictures for viewer in viewers):
        daemon.check()
        lost = any(viewer.ended and not viewer.pictures for viewer in viewers)
        if lost or time.monotonic() > pictures_by:
            raise EdgeFerError(f"a viewer sees no pictures: {daemon.last_line()}")
        time.sleep(_POLL_SECONDS)
    time.sleep(_SETTLE_SECONDS)


def _engine(scrape: Scrape) -> dict[str, str]:
    """Return what the model runs on."""
    labels = ("model", "quantization", "runtime", "delegate", "adapter")
    found = next(iter(scrape.each("model_info", *labels)), None)
    return {} if found is None else dict(zip(labels, found, strict=True))


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        return _bind(one), _bind(other)


def _bind(probe: socket.socket) -> int:
    for port in random.sample(_PORTS, len(_PORTS)):
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise EdgeFerError(f"no TCP port is free between {_PORTS[0]} and {_PORTS[-1]}")
