"""Clients that hold connections for nothing, and what they keep others from: nothing."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

import edge.web.server.channel
from edge.web.server.channel import MOST_CONNECTIONS
from tests.support.system import eventually
from tests.support.web_server import LOGIN, Box, serving


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


def test_idle_connections_and_slow_headers_starve_nobody(box: Box) -> None:
    idle = [opened(box) for _ in range(200)]
    slow = [opened(box, b"GET / HTTP/1.1\r\nHost: local") for _ in range(100)]
    head = b"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n"
    uploads = [opened(box, head + b"A" * 70_000) for _ in range(20)]
    for _ in range(5):
        for connection in slow:
            connection.sendall(b"h")
        start = time.monotonic()
        assert box.ask("/healthz").status == 200
        assert time.monotonic() - start < 10
    for connection in idle + slow + uploads:
        connection.close()


def test_a_new_connection_takes_the_place_of_an_idle_one(box: Box) -> None:
    connections = [opened(box) for _ in range(MOST_CONNECTIONS + 50)]
    assert box.ask("/healthz").status == 200
    eventually(lambda: sum(map(gone, connections)) >= 50, what="room for others")
    assert not gone(connections[-1])
    for connection in connections:
        connection.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n",
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

    def push() -> None:
        for number, connection in enumerate(connections):
            connection.setblocking(False)
            with suppress(BlockingIOError):
                # All but the end.
                sent[number] += connection.send(b"A" * min(65536, size - 1000 - sent[number]))

    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and sorted(sent)[4] < size - 1000:
        push()
        if sorted(sent)[-4] == size - 1000:
            break
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


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"A" * 40_000 + b"\r\n\r\n", b"431"),
        (b"GET /" + b"A" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", b"501"),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
def test_what_is_too_large_or_no_http_is_refused(box: Box, sent: bytes, status: bytes) -> None:
    answer = opened(box, sent).recv(4096)
    assert answer.split()[1] == status
    assert b"application/problem+json" in answer
    assert b"waitress" not in answer.lower()


def test_urgent_data_wakes_nobody_for_ever(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    connection = opened(box)
    connection.send(b"!", socket.MSG_OOB)
    eventually(lambda: gone(connection), what="a hang-up")
    assert not caplog.messages
