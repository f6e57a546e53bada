"""What the model runs on: runtimes, delegates, and what happens when they fail."""

import contextlib
import importlib
import json
import os
import re
import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.classify import Classifier, load_classifier
from edge.classify.engine import Engine, choose_engine
from edge.classify.golden import TOLERANCE, GoldenVector, deviation
from edge.classify.model import SHIPPED_MODELS, ModelDescription, ModelError, find_model, read_model
from edge.classify.probe import GpuReport, probe_gpu
from edge.clip import read_clip
from edge.config import ClassifyConfig, DetectConfig
from edge.detect import make_finder
from edge.metrics import Metrics
from tests.support.daemon import run_cli
from tests.support.native import NO_VULKAN, broken_driver, library, software_gpu
from tests.support.system import eventually

MODEL = find_model("fer-deep-int8")


@pytest.fixture(autouse=True)
def _nothing_failed_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.classify.engine._failures", {})
    probe_gpu.cache_clear()


def load(**config: object) -> Classifier:
    return load_classifier(ClassifyConfig.model_validate({"delegate": "cpu", **config}))


def test_the_cpu_gives_the_golden_answers_of_every_shipped_model() -> None:
    paths = list(SHIPPED_MODELS.glob("*.tflite"))
    assert len(paths) >= 2
    for path in paths:
        engine, description = choose_engine(path, ClassifyConfig(delegate="cpu"), Path())
        assert deviation(engine.model, description.golden) < 0.02
        assert (engine.delegate, engine.fallback) == ("cpu", None)


def _with_golden(tmp_path: Path, change: Callable[[list[float]], list[float]]) -> Path:
    for ending in ("tflite", "json"):
        shutil.copy(MODEL.with_suffix(f".{ending}"), tmp_path)
    path = tmp_path / MODEL.name
    description = json.loads(path.with_suffix(".json").read_text())
    for vector in description["golden"]:
        vector["output"] = change(vector["output"])
    path.with_suffix(".json").write_text(json.dumps(description))
    return path


def test_answers_other_than_the_golden_ones_are_refused(tmp_path: Path) -> None:
    model = _with_golden(tmp_path, lambda said: said[::-1])
    done = run_cli("image", model, "--model", model)
    assert done.returncode == 1
    assert "does not give the answers that its JSON lists" in done.stderr
    assert done.stderr.count("\n") == 1


def test_another_rounding_is_no_other_answer(tmp_path: Path) -> None:
    model = _with_golden(tmp_path, lambda said: [said[0] + TOLERANCE / 2, *said[1:]])
    assert load(model=str(model)).engine.delegate == "cpu"


@pytest.mark.parametrize("fault", ["####", "QUJD", ""])
def test_a_golden_input_that_is_no_face_is_refused(fault: str) -> None:
    with pytest.raises(ValueError, match="input"):
        GoldenVector(input=fault, output=(0.1,) * 7)


def test_no_number_is_no_golden_answer() -> None:
    _, description = read_model(MODEL)
    assert np.isnan(
        deviation(Failing(lambda _: np.full(7, np.nan, np.float32)), description.golden)
    )


# Runtimes


def test_a_runtime_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tflite_runtime.interpreter", None)
    with pytest.raises(ModelError, match=r"no TFLite runtime: tflite-runtime: .*pip install"):
        load(runtime="tflite-runtime")


def test_the_other_runtime_is_taken_where_litert_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    modules = sys.modules
    litert = importlib.import_module("ai_edge_litert.interpreter")
    monkeypatch.setitem(modules, "ai_edge_litert.interpreter", None)
    monkeypatch.setitem(modules, "tflite_runtime.interpreter", litert)
    assert load(runtime="auto").engine.runtime.startswith("tflite-runtime")
    assert load_classifier(ClassifyConfig(delegate="auto")).engine.delegate == "cpu"


# A GPU by LiteRT, in a process of its own: the driver is chosen by the environment


def doctor(env: dict[str, str], tmp_path: Path, **classify: object) -> dict[str, str]:
    config = {"cameras": {"door": {"source": "demo"}}, "classify": classify}
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(config))
    done = run_cli("doctor", "--config", path, "--json", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, str] = json.loads(done.stdout)["cameras"]["door"]
    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "model", ["fer-deep-int8", "fer-edge-int8", "fer-edge-votes-int8", "fer-light-int8"]
)
def test_a_gpu_that_was_asked_for_runs_all_of_the_model(tmp_path: Path, model: str) -> None:
    found = doctor(software_gpu(), tmp_path, delegate="gpu", model=model)
    assert found["delegate"] == "gpu"
    assert "SwiftShader" in found["adapter"]
    assert found["reason"] == "asked for"


def test_a_gpu_in_software_is_not_taken_unasked(tmp_path: Path) -> None:
    found = doctor(software_gpu(), tmp_path, delegate="auto")
    assert found["delegate"] == "cpu"
    assert "SwiftShader" in found["reason"]
    assert "is no GPU but a program on the CPU" in found["reason"]


@pytest.mark.parametrize("wanted", ["auto", "gpu"])
def test_without_a_gpu_the_cpu_does_it(tmp_path: Path, wanted: str) -> None:
    found = doctor(NO_VULKAN, tmp_path, delegate=wanted)
    assert found["delegate"] == "cpu"
    assert found["reason"].startswith("no GPU (")


@pytest.mark.parametrize("wanted", ["auto", "gpu"])
def test_a_driver_that_crashes_takes_nothing_with_it(tmp_path: Path, wanted: str) -> None:
    found = doctor(broken_driver(tmp_path), tmp_path, delegate=wanted)
    assert found["delegate"] == "cpu"
    assert "the GPU's driver crashed (signal 6)" in found["reason"]


def test_a_driver_that_hangs_does_not_hold_up_a_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in broken_driver(tmp_path, "-DHANG").items():
        monkeypatch.setenv(key, value)
    stop, reports = threading.Event(), []
    trial = threading.Thread(target=lambda: reports.append(probe_gpu(MODEL, 1, False, stop)))
    trial.start()
    (child,) = eventually(_children, what="the trial's process")
    # Only the driver itself keeps it so long: all else takes a second.
    trial.join(8)
    assert trial.is_alive()
    stop.set()
    trial.join(30)
    assert [report.fault for report in reports] == ["stopped while trying the GPU"]
    assert child not in _children()


def _children() -> list[int]:
    """Return the living children of this process that are a trial of the GPU."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if (
                parent == os.getpid()
                and b"edge.classify.probe" in (folder / "cmdline").read_bytes()
            ):
                found.append(int(folder.name))
    return found


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (GpuReport(fault="no adapter"), "no GPU (no adapter)"),
        (GpuReport(software=True), "LiteRT does not tell which GPU it found"),
        (GpuReport(adapter="X", software=True), "X is no GPU but a program on the CPU"),
        (GpuReport(adapter="X", deviation=0.3), "X gives other answers, off by 0.30"),
        (GpuReport(adapter="X", deviation=float("nan")), "X gives other answers, off by nan"),
        (GpuReport(adapter="X", gpu_ms=2, cpu_ms=1), "2.00 ms a face, CPU 1.00 ms, X is no faster"),
    ],
)
def test_a_gpu_that_is_not_taken_says_why(
    monkeypatch: pytest.MonkeyPatch, report: GpuReport, reason: str
) -> None:
    again = GpuReport.model_validate_json(report.model_dump_json())
    monkeypatch.setattr("edge.classify.engine.probe_gpu", lambda *_: again)
    engine = load(delegate="auto").engine
    assert engine.delegate == "cpu"
    assert engine.reason.endswith(reason)
    assert not engine.disappoints


def test_a_gpu_that_is_right_and_faster_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as a machine without one can tell: the compiled model is a stand-in."""
    report = GpuReport(adapter="X", gpu_ms=1, cpu_ms=2)
    good = choose_engine(MODEL, ClassifyConfig(delegate="cpu"), Path())[0].model
    stand_in = Failing(good.probabilities)
    stand_in.adapter = "X"
    monkeypatch.setattr("edge.classify.engine.probe_gpu", lambda *_: report)
    monkeypatch.setattr("edge.classify.engine.CompiledModel", lambda *_: stand_in)
    engine = load(delegate="auto", model=str(MODEL)).engine
    assert (engine.delegate, engine.adapter, engine.model) == ("gpu", "X", stand_in)
    assert engine.reason == "GPU 1.00 ms a face, CPU 2.00 ms"


def test_a_gpu_that_failed_is_not_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, _ = _engine(Failing(_lost))
    engine.on_cpu("device lost")
    monkeypatch.setattr("edge.classify.engine.probe_gpu", lambda *_: pytest.fail("tried again"))
    again = load(delegate="gpu").engine
    assert again.delegate == "cpu"
    assert again.reason == "gpu failed before: device lost"
    assert again.disappoints


# Delegate libraries


def test_a_delegate_library_runs_the_model(tmp_path: Path) -> None:
    path = library(tmp_path, "delegate.c")
    classifier = load(delegate={"library": str(path), "options": {"speed": 2, "quiet": True}})
    assert classifier.engine.delegate == "libdelegate.so"
    assert re.fullmatch(r"asked for; [\d.]+ ms a face, CPU [\d.]+ ms", classifier.engine.reason)
    assert classifier.engine.fallback is not None
    vector = classifier.description.golden[0]
    assert classifier.read_face(vector.face)[3] == pytest.approx(vector.output[3], abs=0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"refuse": 1}, "the board has no such chip"),
        ({"fail": 1}, r"not a model that litert can run on .*libdelegate\.so"),
        ({"speed": 3}, "no TFLite delegate that works: .*speed"),
    ],
)
def test_a_delegate_library_that_fails_is_one_line(
    tmp_path: Path, options: dict[str, int], message: str
) -> None:
    path = library(tmp_path, "delegate.c")
    with pytest.raises(ModelError, match=message):
        load(delegate={"library": str(path), "options": options})


@pytest.mark.parametrize("kind", ["missing", "text", "other"])
def test_a_wrong_delegate_path_ends_with_one_line_and_1(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "delegate.so"
    if kind == "text":
        path.write_text("no library\n")
    elif kind == "other":
        shutil.copy(library(tmp_path, "driver.c", "-DHARMLESS"), path)
    config = tmp_path / "config.yaml"
    delegate = {"library": "delegate.so"}
    config.write_text(
        json.dumps({"cameras": {"a": {"source": "demo"}}, "classify": {"delegate": delegate}})
    )
    looked = run_cli("doctor", "--config", config)
    assert (looked.returncode, looked.stderr) == (1, "")
    assert re.search(rf"^error +model +.*{re.escape(str(path))}", looked.stdout, re.MULTILINE)
    for command in ("check", "run"):
        done = run_cli(command, "--config", config)
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")
        assert str(path) in done.stderr
        assert "delegate" in done.stderr
        assert done.stderr.count("\n") == 1, done.stderr


# Failures while it runs


class Failing:
    """A delegate that answers as it is told to."""

    def __init__(self, answer: Callable[[NDArray[np.uint8]], NDArray[np.float32]]) -> None:
        self._answer = answer
        self.adapter = ""

    def probabilities(self, face: NDArray[np.uint8]) -> NDArray[np.float32]:
        return self._answer(face)


def _lost(_: NDArray[np.uint8]) -> NDArray[np.float32]:
    raise RuntimeError("device lost")


def _engine(broken: Failing) -> tuple[Engine, ModelDescription]:
    engine, description = choose_engine(MODEL, ClassifyConfig(delegate="cpu"), Path())
    return replace(engine, model=broken, fallback=engine.model, delegate="gpu"), description


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (_lost, "device lost"),
        (lambda _: np.full(7, np.nan, np.float32), "its answer is no probabilities"),
        (lambda _: np.zeros(7, np.float32), "its answer is no probabilities"),
    ],
)
def test_a_delegate_that_fails_loses_no_face(
    answer: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
    why: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    metrics = Metrics()
    engine, description = _engine(Failing(answer))
    classifier = Classifier(engine, description, metrics.camera("door"))
    vector = description.golden[0]
    for _ in range(2):
        assert int(np.argmax(classifier.read_face(vector.face))) == int(np.argmax(vector.output))
    assert classifier.engine.delegate == "cpu"
    assert classifier.engine.reason == f"gpu failed: {why}"
    assert [record.message for record in caplog.records] == [
        f"fer-deep-int8: gpu failed: {why}; going on with the CPU"
    ]
    get = metrics.registry.get_sample_value
    assert get("edge_fer_delegate_failures_total", {"camera": "door"}) == 1
    infos = [
        sample.labels
        for family in metrics.registry.collect()
        if family.name == "edge_fer_model_info"
        for sample in family.samples
    ]
    assert [info["delegate"] for info in infos] == ["cpu"]
    assert infos[0]["model"] == "fer-deep-int8"


def test_a_delegate_that_fails_in_mid_video_loses_no_frame(
    short_clip: Path, tmp_path: Path
) -> None:
    engine, description = _engine(Failing(_lost))
    failing = replace(engine, model=Failing(_good_until(10, engine)))
    classifier = Classifier(failing, description)
    out = tmp_path / "lines.jsonl"
    read_clip(short_clip, out, None, make_finder(DetectConfig()), classifier)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["frame"] for line in lines] == list(range(30))
    assert {face["label"] for line in lines for face in line["faces"]} == {"happy"}
    assert all(len(line["faces"]) == 1 for line in lines)
    assert classifier.engine.failed


def _good_until(count: int, engine: Engine) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    assert engine.fallback is not None
    good = engine.fallback
    left = iter(range(count))

    def answer(face: NDArray[np.uint8]) -> NDArray[np.float32]:
        if next(left, None) is None:
            raise RuntimeError("device lost")
        return good.probabilities(face)

    return answer


def test_a_cpu_that_fails_is_an_error_of_its_own() -> None:
    engine, description = _engine(Failing(_lost))
    classifier = Classifier(replace(engine, fallback=None), description)
    with pytest.raises(ModelError, match="device lost"):
        classifier.read_face(np.zeros((48, 48), np.uint8))
