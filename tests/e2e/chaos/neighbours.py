"""Four cameras of which three fail: what that costs the fourth."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.chaos.site import Site, until
from tests.support.daemon import Daemon


@dataclass(frozen=True)
class Figures:
    """Frames a second and mean milliseconds from capture to publishing of one camera."""

    fps: float
    latency_ms: float


def _totals(box: Daemon, camera: str) -> dict[str, float]:
    wanted = {
        "edge_fer_frames_processed_total": {"camera": camera, "stage": "publish"},
        "edge_fer_latency_seconds_sum": {"camera": camera},
        "edge_fer_latency_seconds_count": {"camera": camera},
    }
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(box.get("/metrics").decode())
        for sample in family.samples
        if sample.name in wanted and wanted[sample.name].items() <= sample.labels.items()
    }


def measure(box: Daemon, camera: str, seconds: float) -> Figures:
    """Measure a camera over some seconds."""
    before, start = _totals(box, camera), time.monotonic()
    time.sleep(seconds)
    after, span = _totals(box, camera), time.monotonic() - start
    change = {name: after[name] - before[name] for name in after}
    return Figures(
        change["edge_fer_frames_processed_total"] / span,
        1000 * change["edge_fer_latency_seconds_sum"] / change["edge_fer_latency_seconds_count"],
    )


def neighbours(
    new_site: Callable[[str], Site], clip: Path, seconds: float
) -> tuple[Figures, Figures, list[str]]:
    """Measure a camera alone, then beside a frozen, a corrupt and a dying one.

    Returns
    -------
    tuple
        The figures alone and in company, and the statuses of the three at the end.
    """
    place = new_site("alone")
    box = place.box({"well": place.camera(clip).url})
    until(box, "online", camera="well")
    time.sleep(3)
    alone = measure(box, "well", seconds)
    box.stop()

    place = new_site("company")
    well, frozen, corrupt, dying = (place.camera(clip) for _ in range(4))
    urls = {"frozen": frozen.url, "corrupt": corrupt.url, "dying": dying.url, "well": well.url}
    box = place.box(urls)
    for name in ("frozen", "corrupt", "dying", "well"):
        until(box, "online", camera=name)
    frozen.process.freeze()
    corrupt.damage()
    dying.kill()
    time.sleep(3)
    company = measure(box, "well", seconds)
    states = [f"{each['name']} {each['status']}" for each in box.cameras()]
    box.stop()
    return alone, company, states
