"""The runtimes against each other, each in the environment that has it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from convert.measure import COMPILED
from edge.capture.factory import DEMO_CLIP
from edge.classify.model import SHIPPED_MODELS
from tests.support.daemon import Daemon, run_cli
from tests.support.native import NO_VULKAN
from tests.support.servers import Subscriber
from tests.support.system import Process, eventually, tflite_runtime
from training.read import read_data

Subscribe = Callable[[int], Subscriber]

SAME = 0.995
"""Share of faces of which two runtimes must name the same emotion."""

SAME_LIGHT = 0.99
"""Of `light`: what runtimes round otherwise weighs more in half as many channels (seen: 0.9941)."""

A_TOSS_UP = 0.06
"""Where two runtimes differ, the emotions that they name are this close in probability."""


def _answers(model: Path, faces: Path, runtime: str, python: str | Path) -> np.ndarray:
    out = faces.with_name(f"{runtime}.npz")
    command = [python, "-m", "convert.measure", model, faces, out, "--runtime", runtime]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(out) as found:
        return np.asarray(found["said"])


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("fer-deep-int8", SAME),
        ("fer-edge-int8", SAME),
        ("fer-edge-votes-int8", SAME),
        ("fer-light-int8", SAME_LIGHT),
    ],
)
def test_all_runtimes_name_the_same_emotion(
    tmp_path: Path, shared: Path, name: str, same: float
) -> None:
    """On all of PublicTest: LiteRT's interpreter, its compiled model, and tflite-runtime."""
    old = tflite_runtime()
    faces = tmp_path / "faces.npy"
    np.save(faces, read_data(shared / "fer2013" / "fer2013.csv.gz")["PublicTest"].images)
    model = SHIPPED_MODELS / f"{name}.tflite"
    said = _answers(model, faces, "litert", sys.executable)
    ours = said.argmax(axis=1)
    assert len(ours) == 3589
    for runtime, python in ((COMPILED, sys.executable), ("tflite-runtime", old)):
        theirs = _answers(model, faces, runtime, python).argmax(axis=1)
        assert (ours == theirs).mean() >= same, runtime
        of_ours = said[np.arange(len(said)), ours]
        of_theirs = said[np.arange(len(said)), theirs]
        assert (of_ours - of_theirs).max() <= A_TOSS_UP, runtime


def test_the_old_runtime_reads_the_demo_clip_alike() -> None:
    """Without any data set: frame by frame, with older OpenCV and numpy as well."""
    old = tflite_runtime()
    said = []
    for python, runtime in ((sys.executable, "litert"), (old, "tflite-runtime")):
        done = run_cli("video", DEMO_CLIP, "--json", "--runtime", runtime, python=python)
        assert done.returncode == 0, done.stderr
        frames = [json.loads(line)["faces"] for line in done.stdout.splitlines()]
        said.append([[face["label"] for face in faces] for faces in frames])
    ours, theirs = said
    same = [a == b for a, b in zip(ours, theirs, strict=True)]
    assert len(same) == 650
    assert np.mean(same) > 0.95


def _story(
    folder: Path, subscriber: Subscriber, config: dict[str, object], python: str | Path
) -> list[tuple[str, str]]:
    before = len(subscriber.events())
    folder.mkdir()
    box = Daemon(folder, dict(config), python)
    try:
        assert box.popen.wait(100) == 0, box.text
    finally:
        box.kill()
    eventually(lambda: len(subscriber.events()) > before, what="events")
    eventually(lambda: subscriber.events()[-1]["event"] == "lost", what="the last event")
    return [(e["event"], e["face"]["label"]) for e in subscriber.events()[before:]]


@pytest.mark.timeout(300)
def test_the_daemon_on_the_old_runtime_tells_the_same_events(
    tmp_path: Path, mosquitto: tuple[Process, int], subscribe: Subscribe
) -> None:
    old = tflite_runtime()
    subscriber = subscribe(mosquitto[1])
    stories = [
        _story(
            tmp_path / runtime,
            subscriber,
            {
                "cameras": {"door": {"source": str(DEMO_CLIP)}},
                "mqtt": {"broker": "127.0.0.1", "port": mosquitto[1]},
                "classify": {"runtime": runtime},
            },
            python,
        )
        for python, runtime in ((sys.executable, "litert"), (old, "tflite-runtime"))
    ]
    assert stories[0] == stories[1]
    assert ("appeared", "happy") in stories[0]
    assert "tflite-runtime 2.14" in (tmp_path / "tflite-runtime" / "daemon.log").read_text()


def test_a_gpu_that_is_not_there_is_one_warning_and_the_events_come(
    daemon: Callable[..., Daemon], mosquitto: tuple[Process, int], subscribe: Subscribe
) -> None:
    subscriber = subscribe(mosquitto[1])
    box = daemon(
        env=NO_VULKAN,
        cameras={"door": {"source": "demo"}, "window": {"source": "demo"}},
        mqtt={"broker": "127.0.0.1", "port": mosquitto[1]},
        classify={"delegate": "gpu"},
    ).ready()
    eventually(lambda: {e["camera"] for e in subscriber.events()} == {"door", "window"}, 60)
    warnings = [line for line in box.text.splitlines() if "WARNING" in line]
    assert len(warnings) == 1, box.text
    assert "fer-edge-votes-int8 runs on ai-edge-litert" in warnings[0]
    assert "on cpu: no GPU (" in warnings[0]
    for camera in ("door", "window"):
        assert box.metric("edge_fer_model_info", camera=camera, delegate="cpu") == 1
