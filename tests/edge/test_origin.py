"""What pages of others, and proxies, can and cannot make the server do."""

import json
import socket
from collections.abc import Iterator

import pytest

from edge.web.access.headers import HEADERS
from tests.support.web_server import LOGIN, Box, basic, serving

PAUSE = json.dumps({"command": "pause"}).encode()


@pytest.fixture
def box() -> Iterator[Box]:
    with serving(hosts=["box.example.com", "my_box"]) as running:
        yield running


def pause(box: Box, **headers: str) -> int:
    """Send the command; return the status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named.setdefault("Content-Type", "application/json")
    return box.ask("/api/cameras/door/control", "POST", named, PAUSE).status


OWN = socket.gethostname()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.0.0.1:8080", "10.1.2.3", "[::1]:8080", "localhost", "LOCALHOST:1",
        "localhost.",
        "box.example.com", "Box.Example.Com:443", OWN, f"{OWN.partition('.')[0]}.local",
    ],
)  # fmt: skip
def test_the_page_is_asked_for_by_its_own_names(box: Box, host: str) -> None:
    assert box.ask("/healthz", headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8080", "box.example.com.evil.example", "localhost.evil",
        "127.0.0.1.evil.example", "127.0.0.1:8080@evil.example", "[::1", "[evil]", "a b",
        "box.example.com:99999999", "box.example.com/x",
    ],
)  # fmt: skip
def test_other_names_are_refused(box: Box, host: str) -> None:
    answer = box.ask("/api/state", headers={"Host": host})
    assert answer.status == 421
    assert "web.hosts" in answer.json["detail"]


def test_no_name_is_none_of_a_browser(box: Box) -> None:
    with socket.create_connection(("127.0.0.1", box.port), 5) as raw:
        raw.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.0 200")


def test_a_page_elsewhere_pauses_no_camera(box: Box) -> None:
    own = f"http://127.0.0.1:{box.port}"
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": ""},
        {"Origin": "http://[evil"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Origin": own},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"},
        {"Origin": "https://evil.example", "Content_Type": "text/plain"},
    ):
        assert pause(box, **headers) == 403, headers
    assert box.ask("/api/cameras/door").json["paused"] is False
    for headers in (
        {"Origin": own},
        {"Sec_Fetch_Site": "same-origin", "Origin": own},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "http://my_box:80", "Host": "My_Box:80"},
        {},
    ):
        assert pause(box, **headers) == 200, headers


def test_a_page_elsewhere_may_link_here_and_show_nothing(box: Box) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert box.ask("/", headers=link).status == 200
    embed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert box.ask("/cameras/door/snapshot.jpg", headers=embed).status == 403
    assert "Access-Control-Allow-Origin" not in box.ask("/api/state").headers


def test_every_answer_has_its_headers_and_none_names_the_server() -> None:
    with serving(**LOGIN) as box:
        for path, headers in (
            ("/", basic()), ("/api/state", basic()), ("/static/page.js", basic()),
            ("/nothing", basic()), ("/cameras/door/stream.mjpg", basic()),
            ("/cameras/door/snapshot.jpg", basic()), ("/api/state", {}), ("/login", {}),
            ("/healthz", {}), ("/healthz", {"Host": "evil"}),
        ):  # fmt: skip
            answer = box.ask(path, headers=headers)
            assert set(HEADERS) <= set(answer.headers), path
            assert "Server" not in answer.headers
            assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert box.ask("/api/state", headers=basic()).headers["Cache-Control"] == "no-store"


def raw(box: Box, path: bytes) -> bytes:
    """Return the answer to a path as it stands."""
    with socket.create_connection(("127.0.0.1", box.port), 10) as connection:
        connection.sendall(b"GET " + path + b" HTTP/1.0\r\n\r\n")
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


@pytest.mark.parametrize(
    "path",
    [
        b"/static/../app.py", b"/static/..%2fapp.py", b"/static/%2e%2e/app.py", b"/static/",
        b"/static/%2e%2e%2fapp.py", b"/static/..%5capp.py", b"/static//etc/passwd",
        b"/static/%2fetc%2fpasswd", b"/static/....//app.py", b"/static/%00", b"/static",
        b"/static/page.js%00", b"/%2e%2e/%2e%2e/etc/passwd", b"/../../etc/passwd",
        b"/cameras/..%2f..%2fetc/snapshot.jpg", b"/static/\xff", b"/static/" + b"a/" * 5000,
        b"/static/" + b"../" * 40 + b"etc/passwd", b"/static/%252e%252e/app.py",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_static_files(box: Box, path: bytes) -> None:
    answer = raw(box, path)
    assert answer.split()[1] in {b"400", b"404", b"308"}
    assert b"root:" not in answer
    assert b"import" not in answer


@pytest.mark.parametrize(
    "path",
    [
        b"//healthz", b"/healthz/", b"/./healthz", b"/healthz;/../api/state", b"/%2fhealthz",
        b"/login/../api/state", b"/static/style.css/../../api/state", b"//api/state",
        b"/static/page.js",
        b"/static/./style.css", b"/static/style.css/", b"http://127.0.0.1/api/state",
        b"/api/state#/healthz",
        b"/api/state?/healthz", b"/healthz/../api/state", b"/healthz%2f..%2fapi%2fstate",
    ],
)  # fmt: skip
def test_no_way_of_writing_a_path_gets_past_the_login(path: bytes) -> None:
    with serving(**LOGIN) as box:
        answer = raw(box, path)
        assert answer.split()[1] in {b"401", b"308"} or answer.endswith(b"\r\n\r\nok\n")
        assert b"cameras" not in answer.partition(b"\r\n\r\n")[2]


FORWARDED = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "box.example.com",
    "X-Forwarded-Prefix": "/edge",
    "Accept": "text/html",
}


def test_a_named_proxy_is_believed() -> None:
    with serving(**LOGIN, proxies=["127.0.0.0/24"], hosts=["box.example.com"]) as box:
        answer = box.ask("/metrics", headers=FORWARDED)
        assert answer.headers["Location"] == "/edge/login?next=/metrics"
        page = box.ask("/login", headers=FORWARDED).body
        assert b'action="/edge/login"' in page
        assert b'href="/edge/static/style.css"' in page
        form = {**FORWARDED, "Content-Type": "application/x-www-form-urlencoded"}
        form["Origin"] = "https://box.example.com"
        body = b"username=admin&password=correct+horse%3A+battery&next=/metrics"
        entered = box.ask("/login", "POST", form, body)
        assert entered.headers["Location"] == "/edge/metrics"
        assert {"Secure", "Path=/edge"} <= set(entered.cookies[0].split("; "))


def test_others_are_not_believed() -> None:
    with serving(**LOGIN, proxies=["10.0.0.1"]) as box:
        answer = box.ask("/metrics", headers=FORWARDED)
        assert answer.headers["Location"] == "/login?next=/metrics"
        for number in range(6):
            tried = {**basic(password="wrong"), "X-Forwarded-For": f"203.0.113.{number}"}
            status = box.ask("/metrics", headers=tried).status
        assert status == 429


def test_guesses_are_counted_by_the_client_behind_the_proxy() -> None:
    with serving(**LOGIN, proxies=["127.0.0.1", "10.0.0.0/8"]) as box:

        def guess(chain: str) -> int:
            tried = {**basic(password="wrong"), "X-Forwarded-For": chain}
            return box.ask("/metrics", headers=tried).status

        # What a client says itself stands before what the proxies add.
        tries = [guess(f"198.51.100.{n}, 203.0.113.7, 10.0.0.3") for n in range(6)]
        assert tries == [401] * 5 + [429]
        assert guess("203.0.113.7") == 429
        assert guess("203.0.113.8") == 401
        assert [guess(text) for text in ("nonsense", "", "1.2.3.4:5", "a, b", "unknown", "x")] == [
            401, 401, 401, 401, 401, 429
        ]  # fmt: skip


@pytest.mark.parametrize(
    "prefix", ["//evil.example", "/a//b", "https://evil.example", "/a\\b", "/"]
)
def test_a_prefix_that_is_none_is_left_out(prefix: str) -> None:
    with serving(**LOGIN, proxies=["127.0.0.1"]) as box:
        answer = box.ask("/", headers={"X-Forwarded-Prefix": prefix, "Accept": "text/html"})
        assert answer.headers["Location"] == "/login?next=/"


def test_a_proxy_cannot_be_made_to_name_another_host() -> None:
    with serving(proxies=["127.0.0.1"]) as box:
        assert box.ask("/", headers={"X-Forwarded-Host": "evil.example"}).status == 421
