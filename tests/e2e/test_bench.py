"""``edge-fer bench`` with a real daemon, a moment each time: what it measures decides nothing."""

import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from edge.bench.clip import find_clip
from edge.bench.machine import describe_machine
from edge.bench.options import Options
from tests.support.daemon import run_cli
from tests.support.system import Process, eventually

SLOW = 'import json; print("warm"); print(json.dumps({"frames": 2, "seconds": 4, "model": "x"}))'
BROKEN = 'import sys; print("begun", file=sys.stderr); sys.exit("no such cascade")'


@pytest.fixture
def command(short_clip: Path, tmp_path: Path) -> list[str]:
    """A bench of one short round that keeps a history."""
    history = str(tmp_path / "history.jsonl")
    return ["bench", str(short_clip), "--rounds", "1", "--seconds", "1", "--history", history]


def contender(folder: Path, name: str, code: str) -> str:
    program = folder / f"{name} program.py"
    program.write_text(code)
    return f"{name}={sys.executable} '{program}'"


def children(process: Process) -> list[int]:
    pid = process.popen.pid
    try:
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def earlier(clip: Path) -> dict[str, Any]:
    """Return a run of this machine that made 10 frames a second."""
    options = Options("haar", None, "fer-edge-votes-int8", "auto", "cpu", 1, 1, live=False)
    figures = {"fps": {"median": 10.0, "min": 9.0, "max": 11.0}}
    return {
        "date": "2026-01-31T00:00:00+00:00",
        "commit": "c0ffee7" + 33 * "0",
        "machine": describe_machine(),
        "clip": find_clip(clip).describe(),
        "options": options.describe(),
        "summary": {"ratios": {}, "fps": {"edge-fer": figures["fps"]}, "figures": figures},
    }


def test_a_round_has_every_figure_and_tells_what_changed(
    command: list[str], short_clip: Path, tmp_path: Path
) -> None:
    history = tmp_path / "history.jsonl"
    before = earlier(short_clip)
    history.write_text(json.dumps(before) + "\n")
    against = ["--against", contender(tmp_path, "slow", SLOW)]
    against += ["--against", contender(tmp_path, "broken", BROKEN)]
    done = run_cli(*command, *against)
    assert done.returncode == 1
    assert done.stderr == "error: broken ended with exit code 1: no such cascade\n"

    kept, run = [json.loads(line) for line in history.read_text().splitlines()]
    assert kept == before
    (programs,) = run["rounds"]
    check_ours(programs["edge-fer"])
    assert programs["slow"] == {"frames": 2, "seconds": 4, "model": "x", "fps": 0.5}
    assert set(programs["broken"]) == {"error"}
    assert programs["ceiling"]["fps"] > 0
    ours = programs["edge-fer"]["fps"]
    assert run["summary"]["ratios"]["slow"]["median"] == pytest.approx(2 * ours)
    assert set(run["summary"]["ratios"]) == {"ceiling", "slow"}
    assert (run["clip"]["name"], run["clip"]["fps"]) == ("short.mp4", 25)

    ratios, _, figures = done.stdout.partition("edge-fer  ")
    assert f"{2 * ours:.2f}" in ratios
    assert f"{100 * (ours / 10 - 1):+.1f} %" in figures
    assert "change: against 2026-01-31T00:00:00+00:00, commit c0ffee7" in figures


def check_ours(figures: dict[str, Any]) -> None:
    assert figures["fps"] == pytest.approx(figures["frames"] / figures["seconds"])
    assert figures["fps"] > 0
    assert figures["seconds"] >= 1
    assert figures["cpu_percent"] > 0
    per_frame = figures["cpu_percent"] / 100 / figures["fps"]
    assert figures["cpu_seconds_a_frame"] == pytest.approx(per_frame)
    assert list(figures["stage_ms"]) == ["capture", "detect", "classify", "publish"]
    assert all(ms > 0 for ms in figures["stage_ms"].values())
    assert figures["faces_a_frame"] > 0.5
    assert figures["inference_ms"] > 0
    assert 30 < figures["rss_mb"] <= figures["peak_rss_mb"] < 2000
    assert not any(figures["dropped"].values())  # a clip waits
    latency = figures["latency_ms"]
    assert 0 < latency["median"] <= latency["p95"] <= latency["p99"]
    assert figures["latency_messages"] > 0
    assert figures["viewer_fps"] > 0
    assert figures["first_event_seconds"] > 0.1
    assert figures["engine"]["model"] == "fer-edge-votes-int8"


def test_cameras_at_their_own_speed(command: list[str], tmp_path: Path) -> None:
    done = run_cli(*command, "--live", "--cameras", "2", "--viewers", "0", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    run = json.loads(done.stdout)
    assert run == json.loads((tmp_path / "history.jsonl").read_text())
    (programs,) = run["rounds"]
    assert list(programs) == ["edge-fer"]  # who plays the clip at its own speed is as fast as that
    assert programs["edge-fer"]["fps"] > 0
    assert programs["edge-fer"]["viewer_fps"] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_ended_by_the_system_it_leaves_no_daemon(
    number: signal.Signals, command: list[str], tmp_path: Path
) -> None:
    words = [*_with(number, "SIG_DFL"), *command, "--seconds", "60"]  # we may run under nohup
    process = Process(words, tmp_path / "bench.log")
    (daemon,) = eventually(lambda: children(process), what="a daemon")
    process.popen.send_signal(number)
    assert process.popen.wait(20) == 128 + number
    assert not Path(f"/proc/{daemon}").exists()


def test_under_nohup_it_goes_on_when_the_terminal_is_closed(
    command: list[str], tmp_path: Path
) -> None:
    process = Process([*_with(signal.SIGHUP, "SIG_IGN"), *command], tmp_path / "bench.log")
    eventually(lambda: children(process), what="a daemon")
    process.popen.send_signal(signal.SIGHUP)
    assert process.popen.wait(100) == 0, process.text
    assert (tmp_path / "history.jsonl").read_text()


def _with(number: signal.Signals, handler: str) -> list[str]:
    """Return the words that run `edge` with a signal that is ignored, or is not."""
    begin = (
        "import runpy, signal\n"
        f"signal.signal({int(number)}, signal.{handler})\n"
        "runpy.run_module('edge', run_name='__main__', alter_sys=True)\n"
    )
    return [sys.executable, "-c", begin]
