import json
import logging
import subprocess
import sys

import pytest

from edge.log import JournalLines, JsonLines, Repeats

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


def test_a_repeated_message_is_said_once_a_minute_with_its_count() -> None:
    clock = [0.0]
    repeats = Repeats(lambda: clock[0])

    def record(text: str, *args: object) -> logging.LogRecord:
        return logging.LogRecord("edge", logging.WARNING, "", 0, text, args, None)

    assert repeats.filter(record("no frame from %s", "door"))
    for second in range(1, 60):
        clock[0] = second
        assert not repeats.filter(record("no frame from %s", "door"))
    assert repeats.filter(record("no frame from %s", "window"))
    clock[0] = 61.0
    again = record("no frame from %s", "door")
    assert repeats.filter(again)
    assert again.getMessage() == "no frame from door (and 59 times since it was said)"
    assert JsonLines().format(again)
    assert JournalLines().format(again).startswith("<4>no frame")


def test_many_different_messages_take_no_memory() -> None:
    repeats = Repeats(lambda: 0.0)
    for number in range(10_000):
        assert repeats.filter(
            logging.LogRecord("edge", logging.INFO, "", 0, "event %d", (number,), None)
        )
    assert len(repeats._said) <= 256
