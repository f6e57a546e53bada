"""What a new configuration means for what runs."""

import threading
import weakref
from typing import Any

import pytest

from edge.capture.state import SourceState
from edge.config import Config
from edge.daemon import Daemon
from edge.errors import ConfigError, EdgeFerError
from edge.reload import Changes, Fresh, Reload, in_force
from tests.support.system import eventually, free_port

DEMO = {"source": "demo"}
ALL = {"detect": {"every": 1}}


def config(**given: Any) -> Config:
    return Config.model_validate({"cameras": {"door": DEMO, "hall": DEMO}, **given})


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ({}, "no camera has changed"),
        ({"cameras": {"hall": DEMO, "door": DEMO}}, "no camera has changed"),
        ({"detect": {"every": 1}}, "no camera has changed"),  # its default
        ({"detect": {"every": 2}}, "door, hall changed"),
        ({"cameras": {"door": DEMO, "loft": DEMO}}, "loft added; hall removed; door undisturbed"),
        (
            {"detect": {"every": 2}, "cameras": {"door": DEMO, "hall": {**DEMO, **ALL}}},
            "door changed; hall undisturbed",
        ),
        ({"node": "other", "web": {"port": 9}}, "no camera has changed"),
    ],
)  # fmt: skip
def test_a_camera_is_changed_if_any_of_its_values_is(new: dict[str, Any], said: str) -> None:
    assert str(Changes.between(config(), config(**new))) == said


def test_what_waits_for_a_restart_stays_as_it_is_in_force() -> None:
    old, new = config(), config(node="other", web={"port": 9}, detect={"every": 2})
    assert Changes.between(old, new).waiting == ("node", "web.port")
    now = in_force(old, new)
    assert (now.node, now.web, now.detect.every) == ("box-1", old.web, 2)
    # It is told again until it is restarted.
    assert Changes.between(now, new).waiting == ("node", "web.port")


def test_a_reload_is_prepared_beside_what_runs(caplog: pytest.LogCaptureFixture) -> None:
    go = threading.Event()
    fresh = Fresh(config(), Changes((), (), (), (), ()), {})

    def prepare() -> Fresh:
        assert go.wait(10)
        return fresh

    reload = Reload(prepare)
    assert not reload.done
    go.set()
    eventually(lambda: reload.done)
    assert reload.fresh is fresh
    assert not caplog.records


def test_a_reload_that_hangs_is_told_to_who_asks_again(caplog: pytest.LogCaptureFixture) -> None:
    """And what was asked for is done when it ends after all."""
    file = config(mqtt={"port": free_port()}, web={"port": free_port()})
    go, entered, loads = threading.Event(), threading.Event(), [0]

    def load() -> Config:
        loads[0] += 1
        if loads[0] == 2:
            entered.set()
            assert go.wait(60)
        return file

    def said(line: str) -> int:
        return sum(line in record.getMessage() for record in caplog.records)

    caplog.set_level("INFO")
    asked = threading.Event()
    daemon = Daemon(load, threading.Event(), asked)
    asked.set()
    daemon._take_up_what_changed()
    assert entered.wait(10)
    for times in (1, 2):
        asked.set()
        daemon._take_up_what_changed()
        assert said("reload asked for again: it waits for the one that began") == times
    daemon._take_up_what_changed()
    assert (said("reload begins"), said("asked for again")) == (1, 2)
    go.set()

    def no_camera_has_changed_twice() -> bool:
        daemon._take_up_what_changed()
        return said("reload: no camera has changed") == 2

    eventually(no_camera_has_changed_twice, what="the reload that waited")
    assert (said("reload begins"), loads[0]) == (2, 3)


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (ConfigError("one\nwrong", "another"), ["one wrong", "another"]),
        (EdgeFerError("no model"), ["no model"]),
        (PermissionError(13, "Permission denied"), ["[Errno 13] Permission denied"]),
        (ZeroDivisionError("ours"), None),
    ],
)
def test_what_cannot_be_prepared_is_refused_in_a_line_each(
    error: Exception, lines: list[str] | None, caplog: pytest.LogCaptureFixture
) -> None:
    def prepare() -> Fresh:
        raise error

    reload = Reload(prepare)
    eventually(lambda: reload.done)
    assert reload.fresh is None
    said = [record.getMessage() for record in caplog.records]
    if lines is None:
        assert ["a fault of our own" in line for line in said] == [True]
        assert "ZeroDivisionError: ours" in caplog.text
    else:
        kept = "reload refused: the configuration before it stays in force"
        assert said == [*(f"reload refused: {line}" for line in lines), kept]


def test_a_camera_that_made_way_leaves_no_memory_behind() -> None:
    """A model takes megabytes, and a box is not restarted for a year."""
    ports = {"mqtt": {"port": free_port()}, "web": {"port": free_port()}}
    file = [config(**ports)]
    stop, asked = threading.Event(), threading.Event()
    daemon = Daemon(lambda: file[0], stop, asked)
    running = threading.Thread(target=daemon.run)
    running.start()
    try:
        eventually(lambda: daemon._cameras["hall"].health.state is SourceState.ONLINE)
        gone = weakref.ref(daemon._cameras["hall"])
        stays = daemon._cameras["door"]
        file[0] = config(**ports, cameras={"door": DEMO, "hall": {**DEMO, "detect": {"every": 2}}})
        asked.set()
        eventually(lambda: gone() is None, what="the end of the old camera")
        assert daemon._cameras["door"] is stays
    finally:
        stop.set()
        running.join(10)
