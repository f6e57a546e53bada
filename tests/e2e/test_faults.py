"""The fault harness in its short form; ``make chaos`` is the long one."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.chaos.outages import back_while_opened, freeze, refusals, restarts, sizes, stop
from tests.e2e.chaos.site import STALL_SECONDS, Site, site, state, until
from tests.support.daemon import STOP_SECONDS
from tests.support.proxy import Proxy
from tests.support.servers import face_clip
from tests.support.service_manager import Manager
from tests.support.system import eventually, free_port


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as here:
        yield here


def test_a_camera_that_restarts_is_back_each_time_and_nothing_leaks(
    place: Site, face_h264: Path
) -> None:
    found = restarts(place, face_h264, times=3, away=1.0)
    print(f"\nback after {found.seconds} s; threads {found.threads}, files {found.descriptors}")
    assert len(found.seconds) == 3
    assert found.threads[1] <= found.threads[0]
    assert found.descriptors[1] <= found.descriptors[0]


def test_a_frozen_camera_is_noticed_told_and_back(place: Site, face_h264: Path) -> None:
    found = freeze(place, face_h264, seconds=8)
    print(f"\n{found}")
    assert "door: no frame for 3 s" in found.log
    online, *told = _since_start(found.statuses)
    # Reconnecting follows within hundredths of a second, and may overtake it on the way out.
    since_stall = told[1:] if told[0] == "stalled" else told
    assert (online, since_stall[0], since_stall[-1]) == ("online", "reconnecting", "online")
    assert found.same_process


def _since_start(statuses: list[str]) -> list[str]:
    """Return the statuses after the start, which a camera may leave before the broker is there.

    A status is a state, and of a state the newest goes out: who is refused within a millisecond is
    reconnecting by the time that we are connected.
    """
    return statuses[1:] if statuses[0] == "starting" else statuses


def test_every_refusal_has_its_status_and_its_line(place: Site, face_h264: Path) -> None:
    said = {each.kind: each for each in refusals(place, face_h264)}
    for kind, words in {
        "silent": "no answer, or none that is video",
        "off": "connection refused",
        "locked": "wrong or missing user and password",
        "wrong": "wrong or missing user and password",
        "nopath": "no stream at this path",
        "sound": "no video",
    }.items():
        assert words in said[kind].line, said[kind]
        assert _since_start(said[kind].statuses) == ["reconnecting", "offline"]
    assert _since_start(said["well"].statuses) == ["online"]
    # Nobody answers for seconds: long enough for the broker to hear of the start.
    assert said["silent"].statuses[0] == "starting"


def test_a_server_that_answers_again_while_it_is_opened(place: Site, face_h264: Path) -> None:
    back_while_opened(place, face_h264)


def test_a_stream_that_changes_its_size_goes_on(place: Site, tmp_path: Path) -> None:
    clips = [face_clip(tmp_path, size) for size in ("1280x720", "640x360", "1920x1080")]
    found = sizes(place, clips)
    print(f"\nevents by size: {found}")


def test_damaged_pictures_are_counted_and_not_classified(place: Site, face_h264: Path) -> None:
    camera = place.camera(face_h264)
    box = place.box({"door": camera.url})
    until(box, "online")

    def count(name: str, **labels: str) -> float:
        return box.metric(f"edge_fer_frames_{name}_total", camera="door", **labels)

    camera.damage()
    eventually(lambda: count("dropped", reason="corrupt") > 20, 30, "damaged pictures")
    camera.damage()
    until(box, "online")
    before = count("processed", stage="publish")
    eventually(lambda: count("processed", stage="publish") > before + 25, 30, "sound pictures")


def test_a_stream_of_noise_is_left_and_found_again(place: Site, face_h264: Path) -> None:
    proxy = Proxy(place.camera(face_h264).port)
    place.stack.callback(proxy.close)
    box = place.box({"door": f"rtsp://127.0.0.1:{proxy.port}/clip"})
    until(box, "online")
    proxy.corrupt = 1e-2
    eventually(lambda: state(box) != "online", STALL_SECONDS + 20)
    proxy.corrupt = 0.0
    until(box, "online")


@pytest.mark.parametrize("fault", ["silent", "off", "locked", "corrupt", "slow", "stalled"])
def test_it_stops_in_every_state_of_its_camera(place: Site, face_h264: Path, fault: str) -> None:
    camera = place.camera(face_h264, login="user:secret" if fault == "locked" else "")
    proxy = Proxy(free_port() if fault == "off" else camera.port)
    place.stack.callback(proxy.close)
    proxy.silent = fault == "silent"
    box = place.box({"door": f"rtsp://127.0.0.1:{proxy.port}/clip"})
    if fault in ("corrupt", "slow", "stalled"):
        until(box, "online")
        proxy.corrupt = 1e-3 if fault == "corrupt" else 0.0
        proxy.bytes_a_second = 2e4 if fault == "slow" else None
        if fault == "stalled":
            camera.process.freeze()
            eventually(lambda: state(box) != "online", STALL_SECONDS + 5)
        time.sleep(1)
    code, seconds = stop(box)
    print(f"\n{fault}: exit {code} after {seconds:.2f} s")
    assert (code, seconds < STOP_SECONDS) == (0, True)


def test_systemd_hears_that_it_is_ready_how_it_does_and_that_it_lives(
    place: Site, tmp_path: Path, face_h264: Path
) -> None:
    manager = Manager(tmp_path / "notify")
    place.stack.callback(manager.close)
    camera = place.camera(face_h264)
    camera.kill()
    box = place.box({"door": camera.url}, env=manager.environment | {"WATCHDOG_USEC": "2000000"})
    heard: list[str] = []

    def hears(line: str) -> bool:
        heard.extend(manager.heard())
        return line in heard

    eventually(lambda: hears("READY=1"), 30)
    assert state(box) == "offline", "ready as soon as the camera is known to be away"
    eventually(lambda: hears("WATCHDOG=1"), 10, "the reconnect loop living")
    camera.start()
    until(box, "online")
    heard.clear()
    eventually(lambda: hears("WATCHDOG=1"), 10)
    eventually(lambda: any("STATUS=1 of 1 cameras" in line for line in manager.heard()), 30)
    box.freeze()
    manager.heard()
    time.sleep(2)
    assert manager.heard() == []
    box.thaw()
    assert stop(box)[0] == 0
    eventually(lambda: hears("STOPPING=1"), 5)
