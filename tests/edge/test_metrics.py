import numpy as np
import pytest

from edge.capture.collector import SourceCollector
from edge.capture.health import SourceHealth
from edge.capture.picture import ColourPicture
from edge.control import CameraControl
from edge.metrics import Metrics, RateMeter
from edge.metrics.rate import HeldRate
from edge.metrics.reference import reference
from edge.records import Frame
from tests.support.system import REPOSITORY


def test_the_rate_is_that_of_the_last_seconds() -> None:
    now = [100.0]
    meter = RateMeter(window=5.0, clock=lambda: now[0])
    for _ in range(250):
        now[0] += 0.04
        meter.tick()
    assert meter.rate() == pytest.approx(25, rel=0.02)
    now[0] += 2.5
    assert meter.rate() == pytest.approx(12.5, rel=0.02)
    now[0] += 3
    assert meter.rate() == 0


def test_a_rate_that_is_held_is_not_of_the_moment() -> None:
    now, fresh = [100.0], [25.0]
    rate = HeldRate(lambda: fresh[0], 20.0, clock=lambda: now[0])
    assert rate() == 25
    fresh[0] = 5.0
    now[0] += 19.9
    assert rate() == 25
    now[0] += 0.2
    assert rate() == 5


def test_the_rate_is_right_before_the_window_is_full() -> None:
    now = [0.0]
    meter = RateMeter(window=5.0, clock=lambda: now[0])
    for _ in range(10):
        now[0] += 0.1
        meter.tick()
    assert meter.rate() == pytest.approx(10)


def test_a_frame_that_went_all_the_way_is_counted() -> None:
    metrics = Metrics()
    camera = metrics.camera("door")
    camera.published(
        Frame(0, ColourPicture(np.zeros((2, 2, 3), np.uint8)), 10.0, 10.0, 0.0), now=10.5
    )
    camera.present(["happy", "uncertain"])

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, {"camera": "door", **labels})

    assert value("edge_fer_faces") == 2
    assert value("edge_fer_emotions_total", emotion="happy") == 1
    assert value("edge_fer_emotions_total", emotion="sad") == 0
    assert value("edge_fer_emotions_total", emotion="uncertain") == 1
    assert value("edge_fer_latency_seconds_sum") == 0.5


def test_work_that_fails_does_not_count_as_done() -> None:
    metrics = Metrics()
    with pytest.raises(RuntimeError), metrics.camera("door").stage("detect"):
        raise RuntimeError
    labels = {"camera": "door", "stage": "detect"}
    assert metrics.registry.get_sample_value("edge_fer_frames_processed_total", labels) == 0


def test_everything_that_counts_is_there_from_the_start_and_nought() -> None:
    metrics = Metrics()
    metrics.camera("door")
    metrics.registry.register(SourceCollector({"door": SourceHealth()}))
    families = [f for f in metrics.registry.collect() if f.name.startswith("edge_fer_")]
    counting = [f for f in families if f.type in {"counter", "histogram"}]
    assert len(counting) > 15
    for family in counting:
        assert family.samples, family.name
        if family.name != "edge_fer_source_offline_seconds":  # time does not stand still
            assert not any(sample.value for sample in family.samples), family.name


def test_switches_are_told_as_they_stand() -> None:
    metrics, control = Metrics(), CameraControl()
    control.listen(metrics.camera("door").switched)

    def told(name: str) -> float | None:
        return metrics.registry.get_sample_value(f"edge_fer_{name}", {"camera": "door"})

    assert (told("paused"), told("detector_on")) == (0, 1)
    control.obey("pause")
    control.obey("detector off")
    assert (told("paused"), told("detector_on")) == (1, 0)


def test_the_box_is_told_by_its_name() -> None:
    metrics = Metrics()
    metrics.node("hall", "1.2")
    labels = {"node": "hall", "version": "1.2"}
    assert metrics.registry.get_sample_value("edge_fer_node_info", labels) == 1
    assert metrics.registry.get_sample_value("process_resident_memory_bytes")
    assert metrics.registry.get_sample_value("edge_fer_threads")


def test_the_reference_is_up_to_date() -> None:
    assert (REPOSITORY / "docs/metrics.md").read_text() == reference(), "make metrics-docs"
