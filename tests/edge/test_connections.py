"""Clients that hold connections for nothing, and what they keep others from: nothing."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from waitress import wasyncore

import edge.web.server.channel
import edge.web.server.delivery
import edge.web.server.uploads
from edge.config import Config
from edge.daemon import Daemon
from edge.errors import EdgeFerError
from edge.web.server.channel import MOST_CONNECTIONS
from tests.support.system import eventually, free_port, listens
from tests.support.web_server import LOGIN, TOKEN, Box, basic, serving


@pytest.fixture
def box() -> Iterator[Box]:
    with serving(**LOGIN) as running:
        yield running


def opened(box: Box, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", box.port), 20)
    connection.sendall(sent)
    return connection


def gone(connection: socket.socket) -> bool:
    """Return whether the other side has hung up."""
    connection.settimeout(0.01)
    try:
        return not connection.recv(65536)
    except TimeoutError:
        return False
    except OSError:
        return True


def pipelined(box: Box, number: int, path: str = "/static/style.css") -> socket.socket:
    """Return a connection that has asked so often at once, and reads little at a time."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", box.port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * number)
    return connection


def test_idle_connections_and_slow_headers_starve_nobody(box: Box) -> None:
    idle = [opened(box) for _ in range(200)]
    slow = [opened(box, b"GET / HTTP/1.1\r\nHost: local") for _ in range(100)]
    head = b"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n"
    uploads = [opened(box, head + b"A" * 70_000) for _ in range(20)]
    readers = [pipelined(box, 3) for _ in range(40)]
    for _ in range(5):
        for connection in slow:
            connection.sendall(b"h")
        for connection in readers:
            connection.recv(100)
        assert box.ask("/healthz").status == 200
    for connection in idle + slow + uploads + readers:
        connection.close()


def test_a_new_connection_takes_the_place_of_an_idle_one(box: Box) -> None:
    connections = [opened(box) for _ in range(MOST_CONNECTIONS + 50)]
    assert box.ask("/healthz").status == 200
    eventually(lambda: sum(map(gone, connections)) >= 50, what="room for others")
    assert not gone(connections[-1])
    for connection in connections:
        connection.close()


def test_who_asks_on_and_on_without_reading_is_hung_up_on(box: Box) -> None:
    connections = [pipelined(box, 160) for _ in range(30)]
    for connection in connections:
        assert len(read_all(connection)) < 400_000  # all that it asked for is 1 MB
    assert box.ask("/healthz").status == 200


def read_all(connection: socket.socket) -> bytes:
    """Return what comes until the other side hangs up."""
    got = b""
    with suppress(ConnectionError):
        while piece := connection.recv(65536):
            got += piece
    return got


def test_large_answers_that_are_read_slowly_hold_no_thread() -> None:
    with serving(max_viewers=1) as box:
        for _ in range(1000):
            box.site.happen()
        path = "/api/events/history?limit=1000"
        whole = len(box.ask(path).body)
        assert whole > 300_000
        readers = [pipelined(box, 2, path) for _ in range(20)]
        for _ in range(5):
            for connection in readers:
                with suppress(ConnectionError):
                    connection.recv(1000)
            assert box.ask("/healthz").status == 200
        # One at a time, an answer may be slow.
        patient = pipelined(box, 1, path)
        time.sleep(1)
        got = b""
        while len(got) < whole:
            got += patient.recv(20_000)
        for connection in (*readers, patient):
            connection.close()


def test_an_answer_must_be_taken_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many bytes go: to take some now and then is not to take it."""
    monkeypatch.setattr(edge.web.server.delivery, "_ANSWER_SECONDS", 1.0)
    with serving() as box:
        for _ in range(1000):
            box.site.happen()
        slow = pipelined(box, 1, "/api/events/history?limit=1000")

        def cut() -> bool:
            slow.recv(1000)
            return not box.server._server.active_channels

        eventually(cut, 20, "a hang-up")
        slow.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n",
        # Behind an answer that never ends.
        b"GET /api/events HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n"
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n" % TOKEN.encode(),
    ],
)
def test_a_request_must_come_to_its_end(
    box: Box, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge.web.server.channel, "_HEADER_SECONDS", 1.0)
    monkeypatch.setattr(edge.web.server.channel, "_REQUEST_SECONDS", 2.0)
    connection = opened(box, sent)

    def dripping() -> bool:
        try:
            connection.sendall(b"1")
        except OSError:
            return True
        return gone(connection)

    eventually(dripping, 20, "the end of patience")


def test_large_uploads_take_turns(box: Box) -> None:
    """Those beyond the fourth are not read: who they are is not known yet."""
    size = 9_000_000
    head = b"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size
    connections = [opened(box, head) for _ in range(8)]
    sent = [0] * len(connections)

    def four_are_read() -> bool:
        for number, connection in enumerate(connections):
            connection.setblocking(False)
            with suppress(BlockingIOError):
                while left := size - 1000 - sent[number]:  # all but the end
                    sent[number] += connection.send(b"A" * min(65536, left))
        return sorted(sent)[-4] == size - 1000

    eventually(four_are_read, 60, "four of them")
    assert sum(one == size - 1000 for one in sent) == 4
    assert box.ask("/healthz").status == 200
    waiting = [c for c, s in zip(connections, sent, strict=True) if s < size - 1000]
    for connection, s in zip(connections, sent, strict=True):
        if s == size - 1000:
            connection.setblocking(True)
            connection.sendall(b"A" * 1000)
            assert connection.recv(1000).startswith(b"HTTP/1.1 401")
            connection.close()
    last = waiting[0]
    last.setblocking(True)
    last.sendall(b"A" * (size - sent[connections.index(last)]))
    assert last.recv(1000).startswith(b"HTTP/1.1 401")
    for connection in waiting:
        connection.close()


def test_who_sends_a_large_body_for_long_makes_room(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge.web.server.uploads, "_SEAT_SECONDS", 0.5)
    head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n"
    strangers = [opened(box, head + b"A" * 70_000) for _ in range(4)]
    eventually(lambda: len(box.server._server.uploads._since) == 4, what="all seats taken")
    photo = {"Content-Type": "image/jpeg", **basic()}
    for _ in range(2):
        picture = box.ask("/cameras/door/snapshot.jpg", headers=basic()).body + bytes(200_000)
        assert box.ask("/api/predict", "POST", photo, picture).status == 200
    assert sum(map(gone, strangers)) in {1, 2}
    for connection in strangers:
        connection.close()


def test_an_endless_trailer_is_cut(box: Box) -> None:
    """Waitress would look at all of it again with every byte that comes."""
    head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    for start in (b"0\r\nX: ", b"1;"):
        connection = opened(box, head + start + b"A" * 20_000)
        eventually(lambda c=connection: gone(c), 10, "the end of it")


def test_a_connection_that_cannot_be_made_harms_no_other(
    box: Box, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:

        def fail(_: object) -> None:
            raise MemoryError

        patch.setattr(edge.web.server.channel, "_make_room", fail)
        assert gone_soon(opened(box))
    eventually(lambda: "could not be accepted" in caplog.text)
    assert box.ask("/healthz").status == 200
    assert box.server.error is None


def gone_soon(connection: socket.socket) -> bool:
    return eventually(lambda: gone(connection), what="a hang-up")


@pytest.mark.parametrize("method", ["readable", "accept"])
def test_that_the_server_died_is_told(
    box: Box, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bool:
        raise MemoryError

    assert box.server.error is None
    if method == "readable":
        monkeypatch.setattr(edge.web.server.channel.Channel, "readable", fail)
    else:
        monkeypatch.setattr(box.server._server, "accept", fail)
    with suppress(ConnectionError):  # it may be gone before this is through
        opened(box)
    eventually(lambda: box.server.error, what="an error")


def test_the_daemon_ends_when_its_web_server_died() -> None:
    """So that whoever started it starts it anew."""
    port = free_port()
    config = {"cameras": {"door": {"source": "demo"}}, "web": {"port": port}}
    parsed = Config.model_validate({**config, "mqtt": {"port": free_port()}})
    daemon = Daemon(lambda: parsed, threading.Event())

    def die() -> None:
        eventually(lambda: listens(port))
        listening = daemon._web._server
        listening.trigger.pull_trigger(lambda: wasyncore.dispatcher.close(listening))

    threading.Thread(target=die).start()
    with pytest.raises(EdgeFerError, match=r"the web server died: .* accepts no connections"):
        daemon.run()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"A" * 40_000 + b"\r\n\r\n", b"431"),
        (b"GET /" + b"A" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"1" * 5000 + b"\r\n\r\n", b"400"),
        (b"GET http://[x HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", b"501"),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
def test_what_is_too_large_or_no_http_is_refused(
    box: Box, sent: bytes, status: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = read_all(opened(box, sent))
    assert answer.split()[1] == status
    assert b"application/problem+json" in answer
    assert b"waitress" not in answer.lower()
    assert b"nosniff" in answer
    assert not caplog.messages


@pytest.mark.parametrize("name", ["If-Modified-Since", "If-Unmodified-Since", "If-Range"])
def test_a_date_that_is_none_is_ignored(box: Box, name: str) -> None:
    for date in ("Sat, 99 Nov 99999999999 99:99:99 GMT", "1 Jan 2024 0:0:0 +99999999999999"):
        headers = {name: date} | ({"Range": "bytes=0-9"} if name == "If-Range" else {})
        assert box.ask("/static/style.css", headers=headers).status in {200, 206}


def test_urgent_data_wakes_nobody_for_ever(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    connection = opened(box)
    connection.send(b"!", socket.MSG_OOB)
    eventually(lambda: gone(connection), what="a hang-up")
    assert not caplog.messages
