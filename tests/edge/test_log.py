import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from edge.log import JournalLines, JsonLines, Repeats, set_up_log
from tests.support.daemon import run_cli
from tests.support.system import free_port

SAY = """
import logging, os, sys
from edge.log import set_up_log
if sys.argv[2] == "journald":
    here = os.fstat(2)
    os.environ["JOURNAL_STREAM"] = f"{here.st_dev}:{here.st_ino}"
set_up_log("info", sys.argv[1])
log = logging.getLogger("edge.door")
log.debug("not this")
log.info("camera %s online", "door")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("it broke")
"""


def said(how: str, where: str = "elsewhere") -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SAY, how, where], capture_output=True, text=True, check=True
    )
    return done.stderr.splitlines()


def test_a_person_sees_time_and_level() -> None:
    first, *_ = said("auto")
    assert first.endswith("INFO    camera door online")
    assert first[:2] == "20"


def test_journald_gets_priorities_and_no_second_time() -> None:
    first, *others = said("auto", "journald")
    assert first == "<6>camera door online"
    assert others[0] == "<3>it broke"
    assert all(line.startswith("<3>") for line in others)
    assert "ZeroDivisionError" in others[-1]


def test_an_inherited_journal_stream_of_somebody_else_is_not_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "9:12345")
    assert said("auto")[0].endswith("INFO    camera door online")


def test_a_program_gets_an_object_a_line() -> None:
    first, second = map(json.loads, said("json", "journald"))
    assert first["level"] == "info"
    assert first["message"] == "camera door online"
    assert first["time"].endswith("+00:00")
    assert "ZeroDivisionError" in second["exception"]


def test_a_repeated_message_is_said_three_times_a_minute_and_then_with_its_count() -> None:
    clock = [0.0]
    repeats = Repeats(lambda: clock[0])

    def record(text: str, *args: object) -> logging.LogRecord:
        return logging.LogRecord("edge", logging.WARNING, "", 0, text, args, None)

    said = []
    for second in range(60):
        clock[0] = second
        said.append(repeats.filter(record("no frame from %s", "door")))
    assert said == 3 * [True] + 57 * [False]
    assert repeats.filter(record("no frame from %s", "window"))
    clock[0] = 61.0
    again = record("no frame from %s", "door")
    assert repeats.filter(again)
    assert again.getMessage() == "no frame from door (and 57 times more before)"
    assert JsonLines().format(again)
    assert JournalLines().format(again).startswith("<4>no frame")
    clock[0] = 200.0
    last = record("no frame from %s", "door")
    assert repeats.filter(last)
    assert last.getMessage() == "no frame from door"


def test_each_reload_is_answered_however_many_are_asked_for() -> None:
    repeats = Repeats(lambda: 0.0)
    for name, said in (("edge.reload", 10), ("edge.camera", 3)):
        record = logging.LogRecord(name, logging.ERROR, "", 0, "reload refused", (), None)
        assert sum(repeats.filter(record) for _ in range(10)) == said


def test_many_different_messages_take_no_memory() -> None:
    repeats = Repeats(lambda: 0.0)
    for number in range(10_000):
        assert repeats.filter(
            logging.LogRecord("edge", logging.INFO, "", 0, "event %d", (number,), None)
        )
    assert len(repeats._said) <= 256


def test_no_line_holds_a_secret(capfd: pytest.CaptureFixture[str]) -> None:
    before = logging.root.handlers[:], logging.root.level
    secrets = frozenset({"hunter2", 'quo"te', "p@ss/word", "abc"})
    try:
        for how in ("text", "json"):
            set_up_log("info", how, secrets)
            log = logging.getLogger("edge.door")
            log.info("cannot open %s", "rtsp://me:hunter2@10.0.0.5/x")
            log.info("abcdef %r and %s", {"password": "hunter2"}, 'quo"te')
            try:
                int("p@ss/word in http://me:p%40ss@10.0.0.5/")
            except ValueError:
                log.exception("hunter2")
    finally:
        logging.root.handlers[:], logging.root.level = before
    text = capfd.readouterr().err
    assert "********** in http://10.0.0.5/" in text
    assert "rtsp://10.0.0.5/x" in text
    assert "abcdef" in text, "three letters are no secret"
    for secret in ("hunter2", "quo", "p@ss", "p%40ss"):
        assert secret not in text


@pytest.mark.parametrize("log", [{"format": "json"}, {"level": "warning"}])
def test_the_daemon_writes_its_log_as_it_is_told(
    short_clip: Path, tmp_path: Path, log: dict[str, str]
) -> None:
    path = tmp_path / "config.yaml"
    config = {
        "cameras": {"clip": {"source": str(short_clip)}},
        "classify": {"delegate": "cpu"},
        "mqtt": {"broker": "127.0.0.1", "port": free_port()},
        "web": {"port": free_port()},
        "log": log,
    }
    path.write_text(yaml.safe_dump(config))
    done = run_cli("run", "--config", path)
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    if "format" in log:
        said = [json.loads(line) for line in lines]
        assert {"time", "level", "logger", "message"} == set(said[0])
        assert "every clip has ended" in [line["message"] for line in said]
        assert {line["level"] for line in said} >= {"info", "warning"}
    else:
        assert lines, "there is no broker"
        assert all(" WARNING " in line for line in lines)
