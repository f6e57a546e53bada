"""Server-sent events and the event history."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import edge.web.api.live
from edge.publish.event_log import KEPT, EventLog
from tests.edge.test_web import problem
from tests.support.system import eventually
from tests.support.web import WebBox

Message = tuple[str, str, Any]
"""Kind, id and data."""


@contextmanager
def listening(box: WebBox, query: str = "", **headers: str) -> Iterator[Iterator[Message]]:
    """Listen, as a browser does."""
    answer = box.client.get(f"/api/events{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "text/event-stream"
    try:
        yield _messages(answer.iter_encoded())
    finally:
        answer.close()


def _messages(chunks: Iterator[bytes]) -> Iterator[Message]:
    for chunk in chunks:
        assert chunk.endswith(b"\n\n")
        fields = dict(line.split(": ", 1) for line in chunk.decode().splitlines() if line)
        if "event" in fields:
            yield fields["event"], fields.get("id", ""), json.loads(fields["data"])


def events(messages: Iterator[Message], count: int) -> list[tuple[str, int]]:
    """Return the ids and numbers of the next events."""
    found: list[tuple[str, int]] = []
    while len(found) < count:
        kind, id_, data = next(messages)
        if kind == "event":
            found.append((id_, data["number"]))
    return found


def test_a_listener_gets_the_state_and_every_event_in_order() -> None:
    box = WebBox()
    box.happen()  # before anybody listened
    with listening(box) as messages:
        kind, _, state = next(messages)
        assert kind == "state"
        assert state["cameras"][0]["name"] == "door"
        for _ in range(5):
            box.happen()
        assert [number for _, number in events(messages, 5)] == [2, 3, 4, 5, 6]


def test_events_come_before_the_next_look_at_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge.web.api.live, "_STATE_SECONDS", 3600.0)
    box = WebBox()
    with listening(box) as messages:
        assert next(messages)[0] == "state"
        box.happen()
        assert next(messages)[0] == "event"


@pytest.mark.parametrize("by_header", [True, False])
def test_a_listener_goes_on_where_it_was(by_header: bool) -> None:
    box = WebBox()
    with listening(box) as messages:
        box.happen()
        ((last, _),) = events(messages, 1)
    box.happen()
    box.happen()
    told = {"Last-Event-ID": last} if by_header else {}
    with listening(box, "" if by_header else f"?after={last}", **told) as messages:
        assert [number for _, number in events(messages, 2)] == [2, 3]


@pytest.mark.parametrize("clock", [-3600, 3600])
def test_a_listener_of_an_earlier_run_gets_all_of_this_one(clock: int) -> None:
    """Also of one whose clock was ahead, as that of a box without a battery may be."""
    box = WebBox()
    box.happen()
    box.happen()
    earlier = str(box.events.last + clock * 1000)
    with listening(box, **{"Last-Event-ID": earlier}) as messages:
        assert [number for _, number in events(messages, 2)] == [1, 2]


def test_a_listener_rests_while_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge.web.api.live, "_STATE_SECONDS", 0.05)
    monkeypatch.setattr(edge.web.api.live, "_HEARTBEAT_SECONDS", 0.5)
    box, rounds = WebBox(), []
    wait = box.events.wait

    def counted(id_: int, timeout: float) -> bool:
        rounds.append(timeout)
        return wait(id_, timeout)

    monkeypatch.setattr(box.events, "wait", counted)
    with listening(box, "?after=0") as messages:
        for _ in range(3):
            assert next(messages)[0] == "state"
    assert len(rounds) < 50, "it goes round and round"


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "1" * 400, "\u0661"])
def test_an_id_that_is_none_is_refused(last: str) -> None:
    problem(WebBox().client.get(f"/api/events?after={last}"), 422)
    if last.isascii():
        problem(WebBox().client.get("/api/events", headers={"Last-Event-ID": last}), 422)


def test_the_state_is_sent_when_it_changes_and_as_a_heartbeat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(edge.web.api.live, "_STATE_SECONDS", 0.05)
    box = WebBox()
    with listening(box) as messages:
        next(messages)
        box.happen()
        box.views["door"].obey("pause")
        states = [next(messages), next(messages)]
        assert sorted(kind for kind, _, _ in states) == ["event", "state"]
        assert states[-1][2]["cameras"][0]["paused"] is True
        # Nothing changes any more: the next one to come is the heartbeat.
        monkeypatch.setattr(edge.web.api.live, "_HEARTBEAT_SECONDS", 0.5)
        box.views["door"].obey("resume")
        assert next(messages)[2]["cameras"][0]["paused"] is False
        quiet = time.monotonic()
        assert next(messages)[0] == "state"
        assert time.monotonic() - quiet > 0.3


def test_a_box_has_seats_for_so_many_listeners_and_gives_them_back() -> None:
    box = WebBox(web={"max_viewers": 2})
    with listening(box) as first, listening(box):
        next(first)
        refused = box.client.get("/api/events")
        problem(refused, 503)
        assert int(refused.headers["Retry-After"]) > 0
        head = box.client.head("/api/events")
        assert head.status_code == 200
        assert "Content-Length" not in head.headers
    for _ in range(3):  # those that never read a word, too
        with listening(box), listening(box):
            pass


def test_listening_ends_with_the_daemon() -> None:
    box = WebBox()
    with listening(box) as messages:
        next(messages)
        box.stop.set()
        assert all(kind == "state" for kind, _, _ in messages)  # and they come to an end


def test_what_happens_as_the_daemon_stops_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge.web.api.live, "_STATE_SECONDS", 0.05)
    monkeypatch.setattr(edge.web.api.live, "_LAST_SECONDS", 30.0)
    box = WebBox()
    with listening(box) as messages:
        next(messages)
        box.stop.set()
        threading.Timer(0.5, box.happen).start()  # a face is lost as its camera ends
        assert events(messages, 1)[0][1] == 1


def test_a_client_that_left_is_noticed_without_a_word_to_send() -> None:
    box = WebBox()
    left: list[bool] = []
    answer = box.client.get(
        "/api/events", environ_overrides={"waitress.client_disconnected": lambda: bool(left)}
    )
    messages = _messages(answer.iter_encoded())
    next(messages)
    left.append(True)
    assert len(list(messages)) <= 1


def history(box: WebBox, query: str = "") -> tuple[list[int], int]:
    answer = box.client.get(f"/api/events/history{query}")
    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    return [event["number"] for event in told["events"]], told["last"]


def test_history_gives_the_newest_and_then_what_followed() -> None:
    box = WebBox(cameras={"door": {"source": "demo"}, "yard": {"source": "demo"}})
    assert history(box) == ([], box.events.last)
    for _ in range(5):
        box.happen("door")
    assert history(box)[0] == [1, 2, 3, 4, 5]
    assert history(box, "?limit=2") == ([4, 5], box.events.last)
    assert history(box, "?camera=yard")[0] == []
    # Page by page, nothing left out.
    seen, last = history(box, "?after=0&limit=2")
    while page := history(box, f"?after={last}&limit=2")[0]:
        last = history(box, f"?after={last}&limit=2")[1]
        seen += page
    assert seen == [1, 2, 3, 4, 5]
    assert last == box.events.last
    box.happen("yard")
    assert history(box, f"?after={last}&camera=yard")[0] == [1]
    with listening(box, f"?after={last}") as messages:  # and then live
        assert [number for _, number in events(messages, 1)] == [1]


@pytest.mark.parametrize(
    ("query", "status"),
    [("limit=0", 422), ("limit=1001", 422), ("limit=", 422), ("limit=ten", 422), ("limit=+1", 422),
     ("limit=1_0", 422), ("after=-1", 422), ("after=x", 422), (f"after={'9' * 5000}", 422),
     ("camera=window", 404), ("camera=", 404)],
)  # fmt: skip
def test_a_history_that_is_none_is_refused(query: str, status: int) -> None:
    problem(WebBox().client.get(f"/api/events/history?{query}"), status)


def test_history_after_an_id_of_a_clock_that_was_ahead_is_all_of_this_run() -> None:
    box = WebBox()
    ahead = box.events.last + 3_600_000
    assert history(box, f"?after={ahead}") == ([], 0)
    box.happen()
    box.happen()
    assert history(box, f"?after={ahead}") == ([1, 2], box.events.last)


def test_the_log_forgets_the_oldest() -> None:
    box = WebBox()
    for _ in range(KEPT + 10):
        box.happen()
    numbers, _ = history(box, f"?limit={KEPT}")
    assert numbers == list(range(11, KEPT + 11))


def test_ids_grow_over_restarts() -> None:
    def later(than: int) -> Callable[[], bool]:
        return lambda: EventLog().last > than

    first = EventLog()
    eventually(later(first.last), 10, "a greater id")
