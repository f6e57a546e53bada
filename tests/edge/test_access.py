"""Who may see anything: real requests to a real server."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.security import generate_password_hash

import edge.web.access.entry
from edge.config import WebConfig
from edge.config.web import SCRYPT
from edge.web.access.attempts import Attempts
from edge.web.access.credentials import Credentials
from tests.support.web_server import LOGIN, PASSWORD, TOKEN, Answer, Box, basic, bearer, serving

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "User-Agent": "Mozilla/5.0"}
FORM = {**PAGE, "Content-Type": "application/x-www-form-urlencoded"}
OPEN = {"/healthz", "/login"}


@pytest.fixture
def box() -> Iterator[Box]:
    with serving(**LOGIN) as running:
        yield running


@pytest.fixture
def plain() -> Iterator[Box]:
    with serving() as running:
        yield running


def enter(
    box: Box,
    username: str = "admin",
    password: str = PASSWORD,
    source: str = "127.0.0.1",
    **more: str,
) -> Answer:
    form = urlencode({"username": username, "password": password, **more}).encode()
    return box.ask("/login", "POST", FORM, form, source)


def session(box: Box) -> dict[str, str]:
    (cookie,) = enter(box).cookies
    return {"Cookie": cookie.partition(";")[0]}


def routes(box: Box) -> list[tuple[str, str]]:
    """Return every method and path that the application has."""
    found = []
    for rule in box.app.url_map.iter_rules():
        path = re.sub(r"<path:\w+>", "page.js", rule.rule)
        path = re.sub(r"<\w+>", "door", path)
        assert "<" not in path, rule
        found += [(method, path) for method in sorted(rule.methods or ())]
    assert len(found) > 30
    return found


def test_every_route_is_closed_to_strangers(box: Box) -> None:
    refused = 0
    for method, path in [*routes(box), ("GET", "/nothing"), ("BREW", "/"), ("GET", "/static/none")]:
        if path in OPEN:
            continue
        answer = box.ask(path, method)
        assert answer.status == 401, (method, path)
        assert answer.headers["Www-Authenticate"].startswith("Basic ")
        if method != "HEAD":
            assert answer.headers["Content-Type"] == "application/problem+json"
        refused += 1
    assert refused > 25
    assert box.ask("/healthz").body == b"ok\n"


@pytest.mark.parametrize("headers", [basic(), bearer()])
def test_every_route_is_open_to_those_who_know(box: Box, headers: dict[str, str]) -> None:
    for method, path in set(routes(box)) - {("POST", "/login")}:
        assert box.ask(path, method, headers).status not in {401, 403, 421, 429, 500}, path


@pytest.mark.parametrize(
    "headers",
    [
        basic(password="wrong"),
        basic(username="root"),
        basic(username=""),
        basic(password=""),
        basic(password=LOGIN["password"]),
        basic(password=TOKEN),
        bearer("wrong"),
        bearer(""),
        bearer(PASSWORD),
        bearer(LOGIN["token"]),
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + "A" * 5000},
        {"Authorization": "Basic /////w=="},
        {"Authorization": "Basic"},
        {"Authorization": "Digest username=admin"},
        {"Authorization": ""},
        {"Cookie": "edge-fer-box-1=session"},
        {"Cookie": "edge-fer-box-1="},
        {"Cookie": "edge-fer-box-1=session.aaaaaa." + "A" * 43},
    ],
)
def test_who_does_not_know_is_refused(box: Box, headers: dict[str, str]) -> None:
    answer = box.ask("/api/version", headers=headers)
    assert answer.status == 401
    assert answer.json["title"] == "Unauthorized"
    assert b"box-1" not in answer.body


def test_browsers_get_a_page_and_no_window_of_their_own(box: Box) -> None:
    answer = box.ask("/api/state?a=1", headers=PAGE)
    assert (answer.status, answer.headers["Location"]) == (303, "/login?next=/api/state?a%3D1")
    fetched = box.ask("/api/state", headers={"User-Agent": "Mozilla/5.0", "Accept": "*/*"})
    assert fetched.status == 401
    assert not fetched.headers["Www-Authenticate"].startswith("Basic")


def test_a_browser_signs_in_and_out(box: Box) -> None:
    page = box.ask("/login?next=/metrics", headers=PAGE)
    assert page.status == 200
    assert b'name="next" value="/metrics"' in page.body
    for place in re.findall(rb'(?:href|src)="([^"]+)"', page.body):
        assert box.ask(place.decode()).status == 200, place

    answer = enter(box, next="/metrics")
    assert (answer.status, answer.headers["Location"]) == (303, "/metrics")
    (cookie,) = answer.cookies
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie  # over plain HTTP it would not come back
    assert "Max-Age=" in cookie

    known = {"Cookie": cookie.partition(";")[0]}
    assert box.ask("/api/version", headers=known).status == 200
    assert box.ask("/login?next=/metrics", headers=known).headers["Location"] == "/metrics"
    left = box.ask("/logout", "POST", known)
    assert left.headers["Location"] == "/login"
    assert "edge-fer-box-1=;" in left.cookies[0]
    assert "Max-Age=0" in left.cookies[0]


def test_a_wrong_login_is_told_and_shows_no_more(box: Box) -> None:
    wrong = [enter(box, username, password) for username, password in
             (("admin", "wrong"), ("<b>", PASSWORD))]  # fmt: skip
    for answer in wrong:
        assert answer.status == 401
        assert b'role="alert">The name or the password is wrong.' in answer.body
        assert PASSWORD.encode() not in answer.body
        assert not answer.cookies
    assert b'value="&lt;b&gt;"' in wrong[1].body


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example/", "///evil.example/", "/\\evil.example/", "\\\\evil.example",
        "https://evil.example/", "evil.example", "/\t/evil.example/", "/\n/evil.example",
        "javascript:alert(1)", "", "/ä", "/a b",
    ],
)  # fmt: skip
def test_signing_in_leads_nowhere_else(box: Box, wanted: str) -> None:
    assert enter(box, next=wanted).headers["Location"] == "/"


def test_a_session_outlives_a_restart_and_ends_with_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path}:/nowhere")
    with serving(**LOGIN) as box:
        known = session(box)
    assert [file.stat().st_mode & 0o777 for file in tmp_path.iterdir()] == [0o600]
    with serving(**LOGIN) as again:
        assert again.ask("/api/version", headers=known).status == 200
    changed = {**LOGIN, "password": generate_password_hash(PASSWORD, SCRYPT)}
    with serving(**changed) as other:
        assert other.ask("/api/version", headers=known).status == 401
    with serving(**{**LOGIN, "username": "other"}) as other:
        assert other.ask("/api/version", headers=known).status == 401


def test_who_reads_the_hash_makes_no_session(box: Box) -> None:
    """It is in the configuration; the key that sessions are signed with is not."""
    forged = Credentials(WebConfig.model_validate(LOGIN), b"").new_session()
    headers = {"Cookie": f"edge-fer-box-1={forged}"}
    assert box.ask("/api/version", headers=headers).status == 401
    with serving(**LOGIN) as other:
        assert other.ask("/api/version", headers=session(box)).status == 401


@pytest.mark.parametrize("content", [b"", b"1234\n", b"\xff\xff", b"hello"])
def test_a_key_that_is_none_is_told(
    tmp_path: Path,
    content: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "session.key").write_bytes(content)
    for folder in (tmp_path, tmp_path / "none"):
        monkeypatch.setenv("STATE_DIRECTORY", str(folder))
        caplog.clear()
        with serving(**LOGIN) as box:
            assert box.ask("/api/version", headers=session(box)).status == 200
        assert f"cannot keep {folder / 'session.key'}" in caplog.text


def test_a_session_of_a_clock_that_was_ahead_is_known() -> None:
    """Or one that is behind now: without a battery it starts in the past, until it is set."""
    credentials = Credentials(WebConfig.model_validate(LOGIN), b"key")
    found = []
    for days in (-29, 1000, -31):
        signer = credentials._signer
        then = int(time.time() + days * 86400)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(signer, "get_timestamp", lambda then=then: then)
            made = credentials.new_session()
        found.append(credentials.knows_session(made))
    assert found == [True, True, False]


def test_a_session_counts_whatever_a_proxy_asks_for(box: Box) -> None:
    """Browsers send the login of a proxy in front along."""
    known = {**session(box), **basic("proxy", "its password"), **PAGE}
    for _ in range(7):
        assert box.ask("/", headers=known).status == 200


@pytest.mark.usefixtures("clock")
def test_who_fails_is_counted_by_reason(box: Box) -> None:
    def failures() -> dict[str, float]:
        text = box.ask("/metrics", headers=bearer()).body.decode()
        (family,) = (
            family
            for family in text_string_to_metric_families(text)
            if family.name == "edge_fer_web_login_failures"
        )
        return {s.labels["reason"]: s.value for s in family.samples}

    assert failures() == {"password": 0, "token": 0, "limit": 0}
    box.ask("/", headers={"Authorization": "Bearer old"})
    for number in range(7):
        enter(box, password=f"wrong {number}")
    assert failures() == {"password": 5, "token": 1, "limit": 2}


def test_a_program_with_an_old_token_locks_nobody_out(box: Box) -> None:
    assert {box.ask("/metrics", headers=bearer("old")).status for _ in range(7)} == {401}
    assert box.ask("/api/version", headers=basic()).status == 200


def test_many_who_know_may_come_at_once(box: Box) -> None:
    statuses: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: statuses.append(box.ask("/api/version", headers=basic()).status)
        )
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [200] * 16


def test_a_token_alone_has_no_page_to_sign_in_on() -> None:
    with serving(token=LOGIN["token"]) as box:
        assert box.ask("/", headers=PAGE).status == 401
        assert box.ask("/login", headers=PAGE).status == 401
        assert box.ask("/metrics", headers=bearer()).status == 200
        assert box.ask("/metrics", headers=basic()).status == 401


def test_without_a_login_all_is_open_and_there_is_no_page_for_it(plain: Box) -> None:
    assert plain.ask("/api/version").status == 200
    assert plain.ask("/login", headers=PAGE).status == 404


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> "Clock":
    """Stands still for those who guess."""
    still = Clock()
    monkeypatch.setattr(edge.web.access.entry, "Attempts", lambda: Attempts(still))
    return still


def test_who_guesses_has_to_wait_and_others_have_not(
    clock: "Clock", box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    known = session(box)
    answers = [box.ask("/api/version", headers=basic(password=f"guess {n}")) for n in range(9)]
    assert [answer.status for answer in answers] == [401] * 5 + [429] * 4
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 15
    assert answers[-1].headers["Content-Type"] == "application/problem+json"
    # Not even the right one is told from there, or guesses would go on at full speed.
    assert box.ask("/api/version", headers=basic()).status == 429
    page = enter(box)
    assert page.status == 429
    assert re.search(rb'role="alert">Too many failed logins: wait \d+ s\.', page.body)
    assert int(page.headers["Retry-After"]) > 0
    clock.now += 15
    assert box.ask("/api/version", headers=basic()).status == 200
    assert box.ask("/api/version", headers=basic(password="a guess")).status == 401
    assert box.ask("/api/version", headers=basic()).status == 429

    assert box.ask("/api/version", headers=basic(), source="127.0.0.2").status == 200
    assert enter(box, source="127.0.0.3").status == 303
    assert box.ask("/api/version", headers=bearer()).status == 200
    assert box.ask("/api/version", headers=known).status == 200
    lines = [line for line in caplog.messages if "failed" in line]
    assert lines == ["web: a login failed, the last from 127.0.0.1"]
    assert "guess" not in caplog.text


def test_many_guesses_at_once_starve_nobody(box: Box) -> None:
    """Each takes 100 ms of a processor; more at a time than the server has threads."""
    statuses: list[int] = []
    threads = [
        threading.Thread(
            target=lambda n=n: statuses.append(
                box.ask("/", headers=basic(password=f"{n}"), source=f"127.0.1.{n + 1}").status
            )
        )
        for n in range(60)
    ]
    for thread in threads:
        thread.start()
    assert box.ask("/healthz").status == 200
    for thread in threads:
        thread.join(60)
    assert set(statuses) == {401, 503}
    assert len(statuses) == 60


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def fail(attempts: Attempts, address: str) -> float:
    """Try a wrong password; return the seconds to wait."""
    seconds = attempts.begin(address, b"wrong")
    if not seconds:
        attempts.end(address, b"wrong", forgiven=False)
    return seconds


def test_an_attempt_comes_back_with_time_and_success_forgives_nothing() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    assert [fail(attempts, "10.0.0.1") for _ in range(6)] == [0, 0, 0, 0, 0, 15]
    clock.now += 10
    assert fail(attempts, "10.0.0.1") == 5
    assert fail(attempts, "10.0.0.2") == 0
    clock.now += 5
    assert attempts.begin("10.0.0.1", b"right") == 0
    attempts.end("10.0.0.1", b"right", forgiven=True)
    assert [fail(attempts, "10.0.0.1") for _ in range(2)] == [0, 15]
    clock.now += 3600
    assert [fail(attempts, "10.0.0.1") for _ in range(6)] == [0, 0, 0, 0, 0, 15]


def test_the_same_guess_at_the_same_time_is_one() -> None:
    attempts = Attempts(Clock())
    assert [attempts.begin("10.0.0.1", b"same") for _ in range(9)] == [0] * 9
    assert [attempts.begin("10.0.0.1", bytes([n])) for n in range(5)] == [0, 0, 0, 0, 15]
    for _ in range(9):
        attempts.end("10.0.0.1", b"same", forgiven=True)
    assert [fail(attempts, "10.0.0.1") for _ in range(2)] == [0, 15]


def test_a_network_of_ipv6_is_one_guesser_and_many_are_remembered_at_no_cost() -> None:
    attempts = Attempts(Clock())
    assert [fail(attempts, f"2001:db8::{n}") for n in range(6)][-1] == 15
    assert fail(attempts, "2001:db8:0:1::1") == 0
    assert [fail(attempts, "::ffff:10.0.0.9") for _ in range(6)][-1] == 15
    assert fail(attempts, "10.0.0.9") == 15
    for number in range(20_000):
        fail(attempts, f"10.1.{number // 256}.{number % 256}")
    assert len(attempts._full) <= 10_000
    assert len(attempts._going) <= 1
