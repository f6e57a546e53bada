"""What systemd is told, over a real datagram socket."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.capture.state import SourceState
from edge.config import Config
from edge.reload import Changes, Fresh
from edge.sd_notify import Notifier
from edge.service import Service
from edge.supervisor import Supervisor
from tests.support.service_manager import Manager


class Camera(Supervisor):
    """A camera in the state that a test wants."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.now = SourceState.STARTING
        self.stuck = 0.0

    @property
    def state(self) -> SourceState:
        return self.now

    @property
    def fps(self) -> float:
        return 25.0 if self.now is SourceState.ONLINE else 0.0

    @property
    def stuck_seconds(self) -> float:
        return self.stuck


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    end = Manager(tmp_path / "notify")
    yield end
    end.close()


def test_ready_comes_with_the_first_camera_that_is_known(manager: Manager) -> None:
    now = [0.0]
    door, window = Camera("door"), Camera("window")
    service = Service(Notifier(manager.environment), [door, window], lambda: now[0])
    service.poll()
    assert manager.heard() == ["STATUS=0 of 2 cameras online, 0.0 frames/s", "WATCHDOG=1"]
    door.now = SourceState.RECONNECTING
    service.poll()
    assert manager.heard() == []
    door.now = SourceState.OFFLINE
    service.poll()
    assert manager.heard() == ["READY=1"]
    window.now = SourceState.ONLINE
    now[0] = 5
    service.poll()
    assert manager.heard() == ["STATUS=1 of 2 cameras online, 25.0 frames/s", "WATCHDOG=1"]
    service.stopping()
    assert manager.heard() == ["STOPPING=1"]


def test_the_watchdog_starves_when_a_camera_is_stuck(manager: Manager) -> None:
    now = [0.0]
    camera = Camera("door")
    service = Service(Notifier(manager.environment), [camera], lambda: now[0])
    fed = []
    for stuck in (0, 0, 9, 11, 15, 0):
        camera.stuck = stuck
        service.poll()
        fed.append("WATCHDOG=1" in manager.heard())
        now[0] += 5
    assert fed == [True, True, True, False, False, True]


def test_without_systemd_nothing_is_sent(tmp_path: Path) -> None:
    Notifier({}).send("READY=1")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).send("READY=1")
    assert Notifier({}).watchdog_seconds is None
    assert Notifier({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}).watchdog_seconds is None


def test_an_abstract_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(f"\0edge-fer-{tmp_path.name}")
        end.settimeout(2)
        Notifier({"NOTIFY_SOCKET": f"@edge-fer-{tmp_path.name}"}).send("READY=1", "STATUS=well")
        assert end.recv(4096) == b"READY=1\nSTATUS=well"


def test_a_reload_is_told_with_its_time_and_ends_with_ready(manager: Manager) -> None:
    camera = Camera("door")
    service = Service(Notifier(manager.environment), [camera], lambda: 0.0)
    service.reloading()
    service.reloaded(None)
    assert manager.heard() == [], "READY would say that all is up, and it is not"
    camera.now = SourceState.ONLINE
    service.poll()
    manager.heard()
    before = time.monotonic_ns() // 1000
    service.reloading()
    reloading, moment = manager.heard()
    assert reloading == "RELOADING=1"
    assert before <= int(moment.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
    service.reloaded(None)
    status = "STATUS=1 of 1 cameras online, 25.0 frames/s"
    assert manager.heard() == ["READY=1", f"{status}; the last reload was refused: see the log"]
    config = Config.model_validate({"cameras": {"door": {"source": "demo"}}})
    changes = Changes((), (), (), (), ("node", "web.port"))
    service.reloaded(Fresh(config, changes, {}))
    assert manager.heard() == ["READY=1", f"{status}; node, web.port wait for a restart"]
    service.reloaded(Fresh(config, Changes(("door",), (), (), (), ()), {}))
    assert manager.heard() == ["READY=1", status]
