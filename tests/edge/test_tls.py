"""HTTPS by certificate files: what works, and what must not hold up others."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

import edge.web.server.channel
import edge.web.server.tls
from edge.config import WebConfig
from edge.errors import ConfigError
from edge.web.server.tls import channel_factory
from tests.support.system import eventually
from tests.support.web_server import LOGIN, Box, basic, serving

FILES = {"certificate": "box.pem", "key": "box.key"}


class Authority:
    """Writes certificates into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = trustme.CA()
        self.trust = ssl.create_default_context()
        self.ca.configure_trust(self.trust)

    def issue(self, *names: str) -> None:
        """Write one for these names."""
        issued = self.ca.issue_cert(*names)
        issued.private_key_pem.write_to_path(str(self.folder / "box.key"))
        chain = b"".join(each.bytes() for each in issued.cert_chain_pems)
        (self.folder / "box.pem").write_bytes(chain)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path)
    made.issue("127.0.0.1", "localhost")
    return made


@pytest.fixture
def box(authority: Authority) -> Iterator[Box]:
    with serving(authority.folder, authority.trust, tls=FILES, max_viewers=4) as running:
        yield running


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge.web.server.tls, "_HANDSHAKE_SECONDS", 1.0)
    monkeypatch.setattr(edge.web.server.channel, "_HEADER_SECONDS", 1.0)
    monkeypatch.setattr(edge.web.server.channel, "_REQUEST_SECONDS", 2.0)


def plain(box: Box) -> socket.socket:
    return socket.create_connection(("127.0.0.1", box.port), 10)


def encrypted(box: Box) -> ssl.SSLSocket:
    assert box.trust is not None
    return box.trust.wrap_socket(plain(box), server_hostname="127.0.0.1")


def ended(connection: socket.socket) -> bool:
    """Return whether the other side hangs up within ten seconds."""
    connection.settimeout(10)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def test_it_speaks_https(box: Box) -> None:
    assert box.ask("/healthz").body == b"ok\n"
    assert box.ask("/").status == 200
    with encrypted(box) as connection:
        assert connection.version() in {"TLSv1.2", "TLSv1.3"}
        assert connection.selected_alpn_protocol() is None


def test_one_connection_carries_many_requests(box: Box) -> None:
    connection = box.connection()
    for _ in range(50):
        connection.request("GET", "/api/state")
        assert b"door" in connection.getresponse().read()
    connection.close()


def test_large_bodies_arrive_whole(box: Box) -> None:
    """Larger than a record, a buffer of the kernel's and what waitress reads at a time."""
    picture = box.ask("/cameras/door/snapshot.jpg").body
    padded = picture + bytes(3_000_000)  # a JPEG ends where it says
    answer = box.ask("/api/predict", "POST", {"Content-Type": "image/jpeg"}, padded)
    assert answer.status == 200, answer.body
    assert answer.json["width"] == 160


def test_a_session_is_for_https_only(authority: Authority) -> None:
    with serving(authority.folder, authority.trust, tls=FILES, **LOGIN) as box:
        assert box.ask("/api/state").status == 401
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = b"username=admin&password=correct+horse%3A+battery"
        (cookie,) = box.ask("/login", "POST", form, body).cookies
        assert "Secure" in cookie.split("; ")
        assert box.ask("/api/state", headers=basic()).status == 200


def test_a_stream_is_sent_as_it_comes(box: Box) -> None:
    with encrypted(box) as connection:
        connection.sendall(b"GET /cameras/door/stream.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        got = b""
        while b"\xff\xd9" not in got:
            got += connection.recv(65536)
        assert got.count(b"Content-Type: image/jpeg") == 1


def test_who_reads_slowly_gets_all_of_it(box: Box) -> None:
    """The server's buffers fill, and OpenSSL's writes have to be tried again."""
    for _ in range(1000):
        box.site.happen()
    whole = box.ask("/api/events/history?limit=1000").body
    assert len(whole) > 200_000
    with plain(box) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        assert box.trust is not None
        with box.trust.wrap_socket(raw, server_hostname="127.0.0.1") as connection:
            path = b"/api/events/history?limit=1000"
            connection.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
            time.sleep(1)
            got = b""
            while not got.endswith(whole):
                piece = connection.recv(16000)
                assert piece, "it ended"
                got += piece


def test_an_answer_ends_with_a_goodbye(box: Box) -> None:
    """Without one a client cannot tell the end of an answer from a cut."""
    trust = box.trust
    assert trust is not None
    with (
        plain(box) as raw,
        trust.wrap_socket(
            raw, server_hostname="127.0.0.1", suppress_ragged_eofs=False
        ) as connection,
    ):
        connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        while connection.recv(100):  # raises where the end comes without it
            pass


def test_a_request_may_come_in_single_bytes(box: Box) -> None:
    with encrypted(box) as connection:
        for byte in b"GET /healthz HTTP/1.0\r\n\r\n":
            connection.sendall(bytes([byte]))
        assert connection.recv(1000).startswith(b"HTTP/1.0 200")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\0" * 100,
        b"SSH-2.0-x\r\n",
        b"\x16\x03\x01\xff\xff" + b"A" * 70_000,
    ],
)
def test_what_is_no_tls_is_hung_up_on_quietly(
    box: Box, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with plain(box) as connection:
        connection.sendall(sent)
        assert ended(connection)
    assert box.ask("/healthz").status == 200
    assert not caplog.messages


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_are_refused(box: Box) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with plain(box) as raw, pytest.raises((ssl.SSLError, ConnectionError)):
        old.wrap_socket(raw)
    new = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    new.check_hostname, new.verify_mode = False, ssl.CERT_NONE
    new.maximum_version = ssl.TLSVersion.TLSv1_2
    with plain(box) as raw, new.wrap_socket(raw) as connection:
        assert connection.version() == "TLSv1.2"
        connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.0 200")


@pytest.mark.usefixtures("quick")
def test_handshakes_that_never_end_do(box: Box) -> None:
    hello = ssl.MemoryBIO()
    assert box.trust is not None
    with suppress(ssl.SSLWantReadError):
        box.trust.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="127.0.0.1").do_handshake()
    first = hello.read()
    connections = [plain(box) for _ in range(30)]
    for number, connection in enumerate(connections):
        connection.sendall(first[: number * 8])
    assert box.ask("/healthz").status == 200
    assert all(ended(connection) for connection in connections)


def test_clients_that_vanish_leave_nothing(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    def vanish(work: Callable[[], socket.socket]) -> None:
        connection = work()
        # A reset, not a goodbye.
        linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.close()

    def streaming() -> socket.socket:
        connection = encrypted(box)
        connection.sendall(b"GET /cameras/door/stream.mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.recv(100)
        return connection

    for _ in range(20):
        vanish(lambda: plain(box))
        vanish(lambda: encrypted(box))
        vanish(streaming)
        eventually(lambda: box.ask("/healthz").status == 200, what="an answer")
    eventually(lambda: box.ask("/cameras/door/stream.mjpg").status == 200, what="a free seat")
    assert not [line for line in caplog.messages if "xception" in line]


def test_many_clients_at_once(box: Box) -> None:
    wrong: list[Any] = []

    def load() -> None:
        for _ in range(10):
            answer = box.ask("/static/page.js")
            if answer.status != 200 or len(answer.body) != length:
                wrong.append(answer)

    length = len(box.ask("/static/page.js").body)
    threads = [threading.Thread(target=load) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert not wrong


def test_a_renewed_certificate_is_taken_up(
    box: Box, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    def shown() -> bytes | None:
        with encrypted(box) as connection:
            return connection.getpeercert(binary_form=True)

    first = shown()
    # Half of it: what was there goes on.
    key = (authority.folder / "box.key").read_bytes()
    authority.issue("127.0.0.1", "box.example.com")
    new = (authority.folder / "box.key").read_bytes()
    (authority.folder / "box.key").write_bytes(key)
    assert shown() == first
    assert "is not the key of" in caplog.text
    (authority.folder / "box.key").write_bytes(new)
    assert shown() != first
    assert "took up the renewed certificate" in caplog.text
    (authority.folder / "box.pem").unlink()
    assert box.ask("/healthz").status == 200


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (
            lambda f: (f / "box.pem").unlink(),
            r"web\.tls\.certificate: cannot read .*box\.pem: No such",
        ),
        (lambda f: (f / "box.key").unlink(), r"web\.tls\.key: cannot read .*box\.key: No such"),
        (lambda f: (f / "box.pem").write_text("hello"), "are not a certificate and its key"),
        (lambda f: (f / "box.key").write_text("hello"), "are not a certificate and its key"),
        (
            lambda f: (
                trustme.CA().issue_cert("a.b").private_key_pem.write_to_path(str(f / "box.key"))
            ),
            "box.key is not the key of",
        ),
    ],
)
def test_wrong_files_are_named_in_one_line(
    authority: Authority, break_it: Callable[[Path], object], message: str
) -> None:
    break_it(authority.folder)
    config = WebConfig.model_validate({"tls": FILES})
    with pytest.raises(ConfigError, match=message) as error:
        channel_factory(config, authority.folder)
    assert "\n" not in str(error.value)
