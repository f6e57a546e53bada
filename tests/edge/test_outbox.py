"""The outbox and its spool."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.config import PrivacyConfig
from edge.config.mqtt import MqttConfig, OutboxConfig
from edge.errors import ConfigError
from edge.metrics import Metrics
from edge.mqtt import spool as spool_module
from edge.mqtt.outbox import Outbox
from edge.mqtt.outgoing import Kind, Outgoing
from edge.mqtt.publisher import check_mqtt
from edge.mqtt.spool import Spool
from edge.privacy import Privacy
from tests.support.mqtt import dropped, metric, publisher
from tests.support.servers import Subscriber, start_mosquitto
from tests.support.system import REPOSITORY, eventually, free_port


def event(payload: bytes) -> Outgoing:
    return Outgoing("box/event", payload, Kind.EVENT, "application/json")


def state(topic: str, payload: bytes) -> Outgoing:
    return Outgoing(topic, payload, Kind.STATE)


def box(metrics: Metrics, spool: Spool | None = None, **config: int) -> Outbox:
    return Outbox(OutboxConfig.model_validate(config), metrics, spool)


def taken(outbox: Outbox) -> list[bytes]:
    """Take all that there is."""
    found = []
    while (message := outbox.take(room=True, faces_need_room=False)) is not None:
        found.append(message.payload)
    return found


def test_when_it_is_full_the_oldest_that_never_went_out_is_lost() -> None:
    metrics = Metrics()
    outbox = box(metrics, messages=4)
    outbox.put_event(event(b"0"))
    flying = outbox.take(room=True, faces_need_room=False)
    assert flying is not None
    for number in range(1, 7):
        outbox.put_event(event(str(number).encode()))
    assert dropped(metrics, "overflow") == 3
    assert metric(metrics, "outbox_messages") == 4
    outbox.lost_connection()
    assert taken(outbox) == [b"0", b"4", b"5", b"6"]


def test_it_is_bounded_in_bytes() -> None:
    metrics = Metrics()
    outbox = box(metrics, bytes=10_000)
    for number in range(6):
        outbox.put_event(event(str(number).encode() * 3000))
    assert metric(metrics, "outbox_bytes") == 9000
    assert dropped(metrics, "overflow") == 3
    outbox.put_event(event(b"x" * 10_001))
    assert dropped(metrics, "overflow") == 4
    assert [payload[:1] for payload in taken(outbox)] == [b"3", b"4", b"5"]


def test_what_was_not_acknowledged_goes_out_again_first_and_in_order() -> None:
    outbox = box(Metrics())
    for number in range(5):
        outbox.put_event(event(str(number).encode()))
    first = [outbox.take(room=True, faces_need_room=False) for _ in range(3)]
    assert first[1] is not None
    outbox.done(first[1])
    outbox.lost_connection()
    assert taken(outbox) == [b"0", b"2", b"3", b"4"]
    assert not outbox.empty


def test_of_each_state_the_newest_goes_out_and_again_with_every_connection() -> None:
    outbox = box(Metrics())
    for number in range(3):
        outbox.put_state(state("a", str(number).encode()))
        outbox.put_state(state("b", str(number).encode()))
    assert taken(outbox) == [b"2", b"2"]
    assert taken(outbox) == []
    outbox.lost_connection()
    assert taken(outbox) == [b"2", b"2"]


def test_when_all_that_fills_it_is_on_its_way_the_new_one_is_lost() -> None:
    metrics = Metrics()
    outbox = box(metrics, bytes=10_000)
    outbox.put_event(event(b"0" * 9000))
    assert len(taken(outbox)) == 1
    outbox.put_event(event(b"1" * 2000))
    assert dropped(metrics, "overflow") == 1
    outbox.lost_connection()
    assert [payload[:1] for payload in taken(outbox)] == [b"0"]


def test_of_pictures_only_the_newest_wait() -> None:
    metrics = Metrics()
    outbox = box(metrics)
    for number in range(5):
        outbox.put_live(Outgoing("snapshot", str(number).encode(), Kind.SNAPSHOT))
    assert taken(outbox) == [b"3", b"4"]
    assert dropped(metrics, "overflow") == 3


def test_without_room_only_what_needs_none_goes_out() -> None:
    metrics = Metrics()
    outbox = box(metrics)
    outbox.put_event(event(b"event"))
    for number in range(101):
        outbox.put_live(Outgoing("faces", str(number).encode(), Kind.FACES))
    assert outbox.take(room=False, faces_need_room=True) is None
    live = outbox.take(room=False, faces_need_room=False)
    assert live is not None
    assert live.payload == b"1"
    assert dropped(metrics, "overflow") == 1
    outbox.lost_connection()
    assert dropped(metrics, "disconnected") == 99


def test_events_outlive_a_publisher_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from edge.metrics import Metrics\n"
        "from tests.support.mqtt import publisher\n"
        "client = publisher(1, Metrics(), Path(sys.argv[1]), outbox={'folder': 'state'})\n"
        "client.start()\n"
        "for number in range(50):\n"
        "    client.publish_event('door/event', str(number).encode())\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=REPOSITORY, timeout=60, check=False
    )
    assert ended.returncode == -9
    port, metrics = free_port(), Metrics()
    broker = start_mosquitto(tmp_path, port)
    reader = Subscriber(port)
    client = publisher(port, metrics, tmp_path, outbox={"folder": "state"})
    assert metric(metrics, "outbox_messages") == 50
    client.start()
    client.publish_event("door/event", b"50")
    eventually(lambda: metric(metrics, "outbox_messages") == 0)
    client.stop(time.monotonic() + 5)
    eventually(lambda: len(reader.payloads("event")) >= 51, what="all events")
    assert reader.payloads("event") == [str(number).encode() for number in range(51)]
    reader.close()
    broker.kill()
    again = Metrics()
    publisher(port, again, tmp_path, outbox={"folder": "state"}).stop(time.monotonic())
    assert metric(again, "outbox_messages") == 0
    assert dropped(again, "shutdown") == 0


def test_what_is_on_disk_is_not_lost_at_the_end(tmp_path: Path) -> None:
    metrics = Metrics()
    outbox = box(metrics, Spool(tmp_path, "box"), messages=3)
    for number in range(5):
        outbox.put_event(event(str(number).encode()))
    assert outbox.close() == 0
    outbox = box(Metrics(), Spool(tmp_path, "box"))
    assert taken(outbox) == [b"2", b"3", b"4"]
    assert [dropped(metrics, reason) for reason in ("overflow", "shutdown")] == [2, 0]
    outbox.close()


def test_bounds_hold_for_what_an_earlier_run_left(tmp_path: Path) -> None:
    outbox = box(Metrics(), Spool(tmp_path, "box"))
    for number in range(5):
        outbox.put_event(event(str(number).encode()))
    outbox.close()
    metrics = Metrics()
    outbox = box(metrics, Spool(tmp_path, "box"), messages=2)
    assert dropped(metrics, "overflow") == 3
    assert taken(outbox) == [b"3", b"4"]
    outbox.close()


@pytest.mark.parametrize("damage", ["no database", "another table", "torn"])
def test_a_damaged_file_is_moved_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    path = tmp_path / "outbox-box.sqlite3"
    if damage == "another table":
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE events (other TEXT)")
        db.close()
    else:
        spool = Spool(tmp_path, "box")
        for key in range(1, 2000):
            spool.add(key, "topic", b"x" * 100, None)
        spool.close(())
        whole = path.read_bytes()
        path.write_bytes(b"no database" * 500 if damage == "no database" else _torn(whole))
    metrics = Metrics()
    outbox = box(metrics, Spool(tmp_path, "box"))
    assert caplog.text.count("is damaged") == 1
    assert (tmp_path / "outbox-box.damaged").exists()
    outbox.put_event(event(b"1"))
    outbox.close()
    outbox = box(metrics, Spool(tmp_path, "box"))
    assert taken(outbox) == [b"1"]
    outbox.close()


def _torn(whole: bytes) -> bytes:
    """Damage the middle, as a card does that loses blocks."""
    middle = len(whole) // 2
    return whole[:middle] + bytes(8192) + whole[middle + 8192 :]


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A disk with room for a handful of events, until the function is called that it gives."""
    real, small = sqlite3.connect, True

    def connect(*args: Any, **more: Any) -> sqlite3.Connection:
        db = real(*args, **more)
        if small:
            db.execute("PRAGMA max_page_count = 4")
        return db

    def mend() -> None:
        nonlocal small
        small = False

    monkeypatch.setattr(sqlite3, "connect", connect)
    return mend


def test_a_full_disk_costs_what_it_keeps_and_nothing_else(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    small_disk: Callable[[], None],
) -> None:
    monkeypatch.setattr(spool_module, "_AGAIN_SECONDS", 0.0)
    caplog.set_level("INFO")
    metrics = Metrics()
    outbox = box(metrics, Spool(tmp_path, "box"))
    for number in range(30):
        outbox.put_event(event(str(number).encode() * 1000))
    assert caplog.text.count("cannot be kept on disk") == 1
    assert "Traceback" not in caplog.text
    assert metric(metrics, "outbox_messages") == 30
    assert dropped(metrics, "overflow") == 0
    small_disk()
    outbox.settle()
    assert "kept on disk again" in caplog.text
    assert outbox.close() == 0
    assert len(Spool(tmp_path, "box").load()) == 30


@pytest.mark.parametrize("mended", [True, False])
def test_at_the_end_a_disk_that_failed_gets_another_chance(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    small_disk: Callable[[], None],
    mended: bool,
) -> None:
    metrics = Metrics()
    outbox = box(metrics, Spool(tmp_path, "box"))
    for number in range(30):
        outbox.put_event(event(str(number).encode() * 1000))
    first = outbox.take(room=True, faces_need_room=False)
    assert first is not None
    outbox.done(first)
    if mended:
        small_disk()
    assert outbox.close() == dropped(metrics, "shutdown") == (0 if mended else 29)
    assert ("may be sent again" in caplog.text) != mended
    if mended:
        left = [stored.payload[:2] for stored in Spool(tmp_path, "box").load()]
        assert len(left) == 29
        assert left[0] == b"11"


def test_a_folder_that_cannot_be_used_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"mqtt\.outbox\.folder: cannot write in .*file/state"):
        publisher(1, Metrics(), tmp_path, outbox={"folder": "file/state"})
    (tmp_path / "outbox-box.sqlite3").mkdir()
    with pytest.raises(ConfigError, match=r"mqtt\.outbox\.folder: cannot write .*sqlite3"):
        publisher(1, Metrics(), tmp_path, outbox={"folder": "."})


def test_two_daemons_do_not_share_a_file(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "box")
    with pytest.raises(ConfigError, match="is in use"):
        Spool(tmp_path, "box")
    Spool(tmp_path, "other").close(())
    spool.close(())


def test_a_clock_that_was_set_makes_no_event_older_than_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    for key, wall in enumerate((now + 1e6, 7.0, now - 100), start=1):
        spool = Spool(tmp_path, "box")
        monkeypatch.setattr(time, "time", lambda wall=wall: wall)
        spool.add(key, "topic", b"", None)
        spool.close(())
    monkeypatch.setattr(time, "time", lambda: now)
    spool = Spool(tmp_path, "box")
    assert [round(stored.age) for stored in spool.load()] == [0, 0, 100]
    spool.close(())


def test_a_check_makes_no_folder(tmp_path: Path) -> None:
    config = MqttConfig.model_validate({"outbox": {"folder": "state/of/mine"}})
    check_mqtt(config, tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "state").write_text("")
    with pytest.raises(ConfigError, match=r"cannot write in .*state/of/mine: .*state is no folder"):
        check_mqtt(config, tmp_path)


def test_a_broker_that_takes_nothing_condemns_nothing() -> None:
    outbox = Outbox(OutboxConfig(), Metrics())
    outbox.put_state(Outgoing("status", b"online", Kind.STATE))
    for number in range(50):
        outbox.put_event(Outgoing("event", str(number).encode(), Kind.EVENT))
    for _ in range(100):
        taken = []
        while (message := outbox.take(len(taken) < 20, faces_need_room=False)) is not None:
            taken.append(message)
        events = [message for message in taken if message.kind is Kind.EVENT]
        assert outbox.lost_connection(taken, events[0] if events else taken[0]) is None
    assert not outbox.empty
    sent = []
    while (message := outbox.take(room=True, faces_need_room=False)) is not None:
        outbox.done(message)
        sent.append(message)
    events = [int(message.payload) for message in sent if message.kind is Kind.EVENT]
    assert events == list(range(50))


def test_one_message_that_a_broker_hangs_up_on_is_given_up_and_no_other() -> None:
    metrics = Metrics()
    outbox = Outbox(OutboxConfig(), metrics)
    outbox.put_state(Outgoing("status", b"online", Kind.STATE))
    for number in range(10):
        outbox.put_event(Outgoing("event", str(number).encode(), Kind.EVENT))
    sent = []
    for _ in range(10):
        flying: list[Outgoing] = []
        while (message := outbox.take(len(flying) < 3, faces_need_room=False)) is not None:
            if message.payload == b"5":
                flying.append(message)
            else:
                outbox.done(message)
                sent.append(message)
        outbox.lost_connection(flying, flying[0] if flying else None)
    events = [int(message.payload) for message in sent if message.kind is Kind.EVENT]
    assert events == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    assert dropped(metrics, "refused") == 1


def test_a_state_that_a_broker_hangs_up_on_holds_up_nothing_and_a_newer_one_is_tried() -> None:
    outbox = Outbox(OutboxConfig(), Metrics())
    outbox.put_state(Outgoing("status", b"online", Kind.STATE))
    outbox.put_state(Outgoing("config", b"x" * 9000, Kind.STATE))

    def connection() -> list[bytes]:
        sent, guilty = [], None
        while (message := outbox.take(room=guilty is None, faces_need_room=False)) is not None:
            sent.append(message.payload[:6])
            if len(message.payload) > 1000:
                guilty = message
            else:
                outbox.done(message)
        outbox.lost_connection([guilty] if guilty else [], guilty)
        return sent

    for _ in range(6):
        connection()
    assert connection() == [b"online"]
    outbox.put_state(Outgoing("config", b"small", Kind.STATE))
    assert set(connection()) == {b"online", b"small"}


def test_what_was_recorded_before_privacy_was_made_stricter_is_not_sent(tmp_path: Path) -> None:
    full = b'{"number":1,"face":{"box":[1,2,3,4]}}'
    anonymous = b'{"number":2,"face":{"box":null}}'
    for mode, kept in (("full", 2), ("anonymous", 1), ("aggregate", 0)):
        metrics, folder = Metrics(), tmp_path / mode
        before = box(metrics, Spool(folder, "box"))
        for payload in (full, anonymous):
            before.put_event(Outgoing("edge-fer/box/door/event", payload, Kind.EVENT))
        before.close()
        client = publisher(free_port(), metrics, outbox={"folder": str(folder)})
        privacy = Privacy(PrivacyConfig.model_validate({"mode": mode}))
        client.forget_events("door/event", privacy.may_tell)
        assert metric(metrics, "outbox_messages") == kept
        assert dropped(metrics, "privacy") == 2 - kept
        client.stop(time.monotonic() + 1)


def test_what_is_kept_on_disk_is_for_the_daemon_only(tmp_path: Path) -> None:
    outbox = box(Metrics(), Spool(tmp_path, "box"))
    outbox.put_event(event(b"{}"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    outbox.close()
