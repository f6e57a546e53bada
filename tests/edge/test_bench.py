"""What ``edge-fer bench`` is made of, without a daemon that plays."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge.bench.contender import Contender, parse_contenders
from edge.bench.daemon import Daemon, Scrape
from edge.bench.history import History
from edge.bench.machine import find_commit
from edge.bench.summary import summarize
from edge.capture.factory import DEMO_CLIP
from edge.cli import main
from edge.errors import ConfigError, EdgeFerError
from tests.support.commands import invoke
from tests.support.system import eventually


def run(code: str) -> dict[str, Any]:
    """Run a contender of one line."""
    return Contender("it", (sys.executable, "-c", code)).run(DEMO_CLIP, 1.5)


def test_a_contender_is_given_clip_and_seconds() -> None:
    code = """import sys, json; _, clip, seconds = sys.argv
print("noise"); print(json.dumps({"frames": 30, "seconds": float(seconds), "clip": clip})); print()
"""
    assert run(code) == {"frames": 30, "seconds": 1.5, "fps": 20, "clip": str(DEMO_CLIP)}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.stderr.write('a\\nno model\\n'); sys.exit(3)", "exit code 3: no model$"),
        ("raise SystemExit(1)", "exit code 1: it says nothing"),
        ("import os; os.abort()", "exit code -6"),
        ("pass", "not nothing"),
        ("print('30 fps')", "not 30 fps"),
        ("print([1])", "last line must be"),
        ('print(\'{"frames": 3, "seconds": 0}\')', "last line must be"),
        ('print(\'{"frames": "3", "seconds": 1}\')', "last line must be"),
    ],
)
def test_a_contender_that_fails_says_why(code: str, said: str) -> None:
    with pytest.raises(EdgeFerError, match=said):
        run(code)


def test_a_contender_that_is_not_there() -> None:
    with pytest.raises(EdgeFerError, match="it: cannot run /no/such: No such file"):
        Contender("it", ("/no/such",)).run(DEMO_CLIP, 1)


def test_a_contenders_command_is_quoted_as_in_a_shell() -> None:
    (old,) = parse_contenders(("old=python 'my old.py' --x=1",))
    assert old == Contender("old", ("python", "my old.py", "--x=1"))


@pytest.mark.parametrize(
    ("against", "said"),
    [
        (("old",), "write NAME=COMMAND"),
        (("old=",), "write NAME=COMMAND"),
        (("=ls",), "write NAME=COMMAND"),
        (("old='ls",), "No closing quotation"),
        (("old=ls", "old=cat"), "twice"),
        (("ceiling=ls",), "a name of ours"),
    ],
)
def test_contenders_that_are_none(against: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_contenders(against)


def test_ratios_are_of_the_same_round() -> None:
    told = summarize(
        [
            {"edge-fer": {"fps": 100.0, "stage_ms": {"detect": 4.0}}, "old": {"fps": 10.0}},
            {"edge-fer": {"fps": 60.0, "stage_ms": {"detect": 8.0}}, "old": {"fps": 5.0}},
            {"edge-fer": {"fps": 80.0, "stage_ms": {"detect": 5.0}}, "old": {"error": "gone"}},
        ]
    )
    assert told["ratios"] == {"old": {"median": 11.0, "min": 10.0, "max": 12.0}}
    assert told["fps"]["edge-fer"] == {"median": 80.0, "min": 60.0, "max": 100.0}
    assert told["figures"]["stage_ms.detect"] == {"median": 5.0, "min": 4.0, "max": 8.0}


def test_metrics_are_added_up_over_the_other_labels() -> None:
    text = (
        "# TYPE edge_fer_frames_processed_total counter\n"
        'edge_fer_frames_processed_total{camera="a",stage="publish"} 3\n'
        'edge_fer_frames_processed_total{camera="b",stage="publish"} 4\n'
        'edge_fer_frames_processed_total{camera="a",stage="detect"} 5\n'
        "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 1.5\n"
    )
    scrape = Scrape(text, 0.0)
    by_stage = scrape.each("frames_processed_total", "stage")
    assert by_stage == {("publish",): 7, ("detect",): 5}
    assert scrape.total("process_cpu_seconds_total") == 1.5


def entry(**changes: Any) -> dict[str, Any]:
    """Return a run as the history keeps it."""
    machine = {"cpu": "A", "cores": 2, "python": "3.11"}
    run = {"machine": machine, "clip": {"name": "a.mp4"}, "options": {"width": None}}
    return {**run, "summary": {"fps": {}}, **changes}


def test_only_the_same_clip_options_and_processor_are_compared(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    old = entry(commit="old")
    for kept in (
        old,
        entry(clip={"name": "b.mp4"}),
        entry(options={"width": 320}),
        entry(machine={"cpu": "B", "cores": 2}),
    ):
        History(path).append(kept)
    newer = entry(machine={"cpu": "A", "cores": 2, "python": "3.13"})
    assert History(path).like(newer) == [old]
    assert History(path).like(entry(clip={"name": "c.mp4"})) == []


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"machine": 1}', "\xff"])
def test_a_file_that_is_no_history_is_left_alone(line: str, tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    content = (json.dumps(entry()) + "\n" + line).encode("latin-1")
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="history"):
        History(path)
    assert path.read_bytes() == content


def test_the_commit_is_that_of_our_own_checkout_only(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True)

    package, installed = tmp_path / "edge", tmp_path / ".venv/edge"
    for folder in (package, installed):
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
    git("init")
    git("add", "edge")
    git("commit", "-m", "first")
    commit = find_commit(package)
    assert commit is not None
    assert len(commit) == 40
    assert find_commit(installed) is None
    (package / "__init__.py").write_text("changed")
    assert find_commit(package) == f"{commit}-dirty"


def test_a_daemon_that_ends_early_says_why(tmp_path: Path) -> None:
    config = {"web": {"port": 1}, "cameras": {"a": {"source": "/no/such.mp4"}}}

    def ended() -> str:
        try:
            daemon.check()
        except EdgeFerError as error:
            return str(error)
        return ""

    with Daemon(config, tmp_path) as daemon:
        said = eventually(ended, what="its end")
    assert said.startswith("the daemon ended with exit code 2: ")
    assert "no video at /no/such.mp4" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["/no/such.mp4"], "error: no video at /no/such.mp4"),
        (["LICENSE"], "error: LICENSE is not a video"),
        (["--model", "nope"], "error: no model named 'nope'"),
        (["--against", "x"], "error: --against x: write NAME=COMMAND"),
        (["--history", "/no/such/file"], "error: cannot use /no/such/file as a history: No such"),
        (["--rounds", "0"], "Error: Invalid value for '--rounds'"),
        (["--live", "--against", "a=b"], "Error: --live and --against do not go together"),
        (["--viewers", "0", "--against", "a=b"], "Error: --against goes with one camera and a"),
        (["--cameras", "2", "--against", "a=b"], "Error: --against goes with one camera and a"),
    ],
)
def test_bad_input_gets_one_line(words: list[str], said: str) -> None:
    done = invoke(main, "bench", *words)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(said)
    assert done.stdout == ""
