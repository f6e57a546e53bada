"""Writes the reference of all metrics, ``docs/metrics.md``, from the metrics themselves.

``python -m edge.metrics.reference`` prints it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from edge.capture.collector import SourceCollector
from edge.capture.health import SourceHealth
from edge.emotions import LABELS
from edge.metrics import (
    DROPS,
    LOGIN_FAILURES,
    MQTT_CONNECT_FAILURES,
    MQTT_DROPS,
    STAGES,
    Metrics,
    login_failures,
)

QUERIES: Final = {
    "Frames a second that go all the way, by box and camera": (
        'edge_fer_fps{stage="pipeline"} * on (job, instance) group_left (node) edge_fer_node_info'
    ),
    "The same from a counter, over any time": (
        'rate(edge_fer_frames_processed_total{stage="publish"}[5m])'
    ),
    "Share of the frames wanted, by `capture.fps`, that a box is too slow for": (
        "sum without (stage, reason) "
        '(rate(edge_fer_frames_dropped_total{reason=~"overflow|age"}[5m]))'
        " / (rate(edge_fer_frames_captured_total[5m]) - ignoring (stage, reason) "
        'rate(edge_fer_frames_dropped_total{reason="fps"}[5m]))'
    ),
    "Seconds from capture to message that 95 % of the frames stay below": (
        "histogram_quantile(0.95, rate(edge_fer_latency_seconds_bucket[5m]))"
    ),
    "Mean seconds that a stage takes": (
        "rate(edge_fer_stage_seconds_sum[5m]) / rate(edge_fer_stage_seconds_count[5m])"
    ),
    "Share of each emotion among the faces seen in the last hour": (
        "sum by (emotion) (increase(edge_fer_emotions_total[1h]))"
        " / on () group_left () sum (increase(edge_fer_emotions_total[1h]))"
    ),
    "How many cameras should give frames and do not": (
        "count(edge_fer_source_up == 0 unless on (job, instance, camera) "
        'edge_fer_source_state{state="ended"} == 1) or vector(0)'
    ),
    "Share of a day in which a camera was not gone; a box that is off counts no time": (
        "1 - increase(edge_fer_source_offline_seconds_total[1d]) / 86400"
    ),
    "Events that were lost in a day": (
        "sum without (reason) "
        '(increase(edge_fer_mqtt_dropped_total{reason=~"overflow|refused"}[1d]))'
    ),
    "Somebody guesses passwords: wrong ones in an hour": (
        'increase(edge_fer_web_login_failures_total{reason=~"password|limit"}[1h])'
    ),
    "CPU cores that the daemon uses": (
        "rate(process_cpu_seconds_total[5m]) and on (job, instance) edge_fer_node_info"
    ),
}
"""What people ask, and how Prometheus answers."""

_INTRODUCTION: Final = """\
# Metrics

What `/metrics` tells Prometheus. Written by `make metrics-docs`; do not edit it.

No label names a face or a track. Counters begin at 0 with the daemon: use `rate()` or `increase()`.
With `privacy.mode: aggregate` groups below `privacy.min_people` count as nobody, and what tells how
many there are is left out: the latency, and the times of detect, classify, publish and CNN.
`edge_fer_fps` is then measured every 20 s only.
[dashboards](../dashboards/README.md) has a Grafana dashboard and alert rules.
"""

_CAMERA: Final = "door"


def reference() -> str:
    """Return the reference as Markdown."""
    metrics = Metrics()
    metrics.node("box-1", "0")
    metrics.camera(_CAMERA)
    metrics.model_info.labels(_CAMERA, *[""] * 6).set(1)
    metrics.registry.register(SourceCollector({_CAMERA: SourceHealth()}))
    login_failures(metrics.registry)
    return "\n".join(_lines(metrics.registry)).strip() + "\n"


def _lines(registry: CollectorRegistry) -> Iterator[str]:
    families = list(registry.collect())
    yield from _INTRODUCTION.splitlines()
    yield ""
    rows = [
        (f"`{_name(f)}`", f.type, _unit(f), ", ".join(f"`{n}`" for n in _labels(f)), _text(f))
        for f in sorted(families, key=lambda f: (not f.name.startswith("edge_fer"), f.name))
    ]
    yield from _table(("metric", "type", "unit", "labels", "meaning"), rows)
    yield ""
    yield "Bounds of the histograms' buckets, in seconds:"
    yield ""
    for family in families:
        if family.type == "histogram":
            yield f"- `{family.name}`: {', '.join(_bounds(family))}"
    yield from _label_lines(families)
    yield from ("", "## Queries", "")
    for question, query in QUERIES.items():
        yield from (f"{question}:", "", "```promql", query, "```", "")


def _label_lines(families: list[Metric]) -> Iterator[str]:
    states = next(f for f in families if f.name == "edge_fer_source_state")
    yield from ("", "## Labels", "")
    values = {
        "camera": "its name in `config.yaml`",
        "stage": f"{_list(STAGES)}; `edge_fer_fps` also has `pipeline`",
        "emotion": _list(LABELS),
        "state": _list(sample.labels["state"] for sample in states.samples),
        "node, version": "`node` of `config.yaml`, and the version of edge-fer",
        "model, quantization, sha256": "what the model's file is, from its JSON",
        "runtime, delegate, adapter": "what it runs on: package with version; `cpu`, `gpu` or the "
        "delegate's file name; the GPU's name, empty without one",
    }
    yield from _table(("label", "values"), ((f"`{k}`", v) for k, v in values.items()))
    yield from ("", "Why frames are dropped: `reason` of `edge_fer_frames_dropped_total`.", "")
    drops = [(f"`{s}`", f"`{r}`", text) for s, all_ in DROPS.items() for r, text in all_.items()]
    yield from _table(("stage", "reason", "meaning"), drops)
    yield from ("", "Why messages are lost: `reason` of `edge_fer_mqtt_dropped_total`.", "")
    yield from _reasons(MQTT_DROPS)
    yield from ("", "Why no connection: `reason` of `edge_fer_mqtt_connect_failures_total`.", "")
    yield from _reasons(MQTT_CONNECT_FAILURES)
    yield from (
        "",
        "Who is not let in: `reason` of `edge_fer_web_login_failures_total`.",
        "",
    )
    yield from _reasons(LOGIN_FAILURES)


def _reasons(reasons: Mapping[str, str]) -> Iterator[str]:
    return _table(("reason", "meaning"), ((f"`{name}`", text) for name, text in reasons.items()))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _list(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _name(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def _labels(family: Metric) -> list[str]:
    names = dict.fromkeys(name for sample in family.samples for name in sample.labels)
    return [name for name in names if name != "le"]


def _bounds(family: Metric) -> list[str]:
    bounds = dict.fromkeys(s.labels["le"] for s in family.samples if "le" in s.labels)
    return [bound for bound in bounds if bound != "+Inf"]


def _text(family: Metric) -> str:
    return family.documentation.rstrip(".")


def _unit(family: Metric) -> str:
    for unit in ("seconds", "bytes", "ratio"):
        if family.name.endswith(f"_{unit}"):
            return unit
    if family.name.endswith("_info"):
        return "1"
    if family.name.endswith("_fps"):
        return "frames/s"
    return "0 or 1" if family.documentation.startswith("1 ") else "count"


if __name__ == "__main__":
    print(reference(), end="")
