"""What Prometheus reads of the sources: computed when it asks."""

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from edge.capture.health import SourceHealth
from edge.capture.state import SourceState

_PREFIX: Final = "edge_fer_source"


class SourceCollector(Collector):
    """Gives the health of every camera's source.

    Parameters
    ----------
    sources
        By camera.
    """

    def __init__(self, sources: Mapping[str, SourceHealth]) -> None:
        self.sources = sources
        """Read anew at every scrape; to be replaced as a whole."""

    def collect(self) -> Iterator[Metric]:
        """Give the metrics as they stand."""
        up = _gauge("up", "1 while the source gives frames.")
        state = _gauge("state", "1 for what the source is doing, 0 for the rest.", "state")
        age = _gauge("last_frame_age_seconds", "Time since the newest frame; +Inf before any.")
        online = _gauge("online_ratio", "Share of the last hour in which frames came, 0 to 1.")
        reconnects = _counter("reconnects", "Attempts to open the source again.")
        stalls = _counter("stalls", "Times that the source was silent for too long.")
        abandoned = _counter("abandoned", "Readers that hung in native code and were replaced.")
        offline = _counter("offline_seconds", "Time in which the source gave no frames.")
        for name, health in self.sources.items():
            now = health.state
            up.add_metric([name], now is SourceState.ONLINE)
            for each in SourceState:
                state.add_metric([name, each.value], each is now)
            age.add_metric([name], health.frame_age)
            online.add_metric([name], health.connection().online)
            reconnects.add_metric([name], health.reconnects)
            stalls.add_metric([name], health.stalls)
            abandoned.add_metric([name], health.abandoned)
            offline.add_metric([name], health.offline_seconds)
        yield from (up, state, age, online, reconnects, stalls, abandoned, offline)


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_PREFIX}_{name}", text, labels=("camera", *labels))


def _counter(name: str, text: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"{_PREFIX}_{name}", text, labels=("camera",))
