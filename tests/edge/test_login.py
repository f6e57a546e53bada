"""``edge-fer login`` and the section ``web``: from a password to a server that asks for it."""

import hashlib
import logging
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from werkzeug.security import check_password_hash

from edge.config import WebConfig
from edge.config.file import load_config
from edge.errors import ConfigError
from edge.web.server.address import announce
from tests.support.web_server import LOGIN

CAMERA = "cameras: {demo: {source: demo}}\n"


def login(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge", "login", *arguments]
    return subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=60, check=False
    )


def web(folder: Path, text: str) -> WebConfig:
    path = folder / "config.yaml"
    path.write_text(f"{CAMERA}web: {text}\n")
    return load_config(path).web


def test_a_password_becomes_a_hash_that_the_configuration_takes(tmp_path: Path) -> None:
    done = login(given="correct horse\n")
    assert (done.returncode, "correct horse" in done.stdout + done.stderr) == (0, False)
    assert check_password_hash(done.stdout.strip(), "correct horse")
    config = web(tmp_path, f"{{username: admin, password: '{done.stdout.strip()}', host: 0.0.0.0}}")
    assert config.has_login
    assert config.beyond_loopback


def test_a_hash_is_written_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "web.password"
    path.write_text("an older one, for all to read")
    path.chmod(0o644)
    done = login("--out", str(path), given="correct horse\n")
    assert done.returncode == 0
    assert done.stdout == ""
    assert f"${{file:{path}}}" in done.stderr
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["web.password"]
    config = web(tmp_path, '{username: admin, password: "${file:web.password}"}')
    assert config.password is not None
    assert check_password_hash(config.password.get_secret_value(), "correct horse")


def test_a_token_is_shown_once(tmp_path: Path) -> None:
    path = tmp_path / "web.token"
    done = login("--token", "--out", str(path))
    token = done.stdout.strip().removeprefix("token: ")
    assert len(token) >= 40
    assert path.read_text().strip() == f"sha256:{hashlib.sha256(token.encode()).hexdigest()}"
    assert web(tmp_path, '{host: "::", token: "${file:web.token}"}').has_login
    both = login("--token").stdout.splitlines()
    assert [line.partition(":")[0] for line in both] == ["hash", "token"]
    assert both[1] != done.stdout.strip()


def test_at_a_terminal_it_asks_twice_and_shows_nothing() -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "edge", "login"],
        stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, text=True, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    seen = b""

    def answer(prompt: bytes, line: bytes) -> None:
        nonlocal seen
        while prompt not in seen:
            seen += os.read(ours, 1000)
        seen = b""
        os.write(ours, line)

    answer(b"Password: ", b"correct horse\n")
    answer(b"Repeat for confirmation: ", b"another horse\n")
    answer(b"Password: ", b"correct horse\n")
    answer(b"Repeat for confirmation: ", b"correct horse\n")
    assert process.stdout is not None
    printed = process.stdout.read()
    assert process.wait(30) == 0
    assert check_password_hash(printed.strip(), "correct horse")
    assert b"horse" not in seen
    os.close(ours)


@pytest.mark.parametrize("given", ["", "\n", "short\n", "A" * 2000 + "\n"])
def test_a_password_that_is_none_is_refused(given: str) -> None:
    done = login(given=given)
    assert done.returncode == 1
    assert done.stderr == "error: a password has 8 to 1000 characters\n"
    assert done.stdout == ""


@pytest.mark.parametrize("kind", [(), ("--token",)])
def test_a_file_that_cannot_be_written_is_named(kind: tuple[str, ...]) -> None:
    done = login(*kind, "--out", "/nowhere/web.password", given="correct horse\n")
    assert done.returncode == 1
    assert done.stdout == ""  # a token whose hash is nowhere is none
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{host: 0.0.0.0}", "beyond loopback and needs a login.*edge-fer login"),
        ("{host: '::'}", "beyond loopback and needs a login"),
        ("{host: 192.168.1.5}", "beyond loopback and needs a login"),
        ("{host: '::ffff:127.0.0.1'}", "write 127.0.0.1: "),
        ("{host: '::ffff:7f00:1'}", "write 127.0.0.1: "),
        ("{host: localhost}", "not an address such as"),
        ("{host: 0.0.0.0:80}", "not an address such as"),
        (
            "{username: admin, password: hunter2secret}",
            "not a hash: make one with 'edge-fer login'",
        ),
        ("{username: admin, password: 'scrypt:2:8:1$a$b'}", "not a hash"),
        ("{username: admin, password: ''}", "not a hash"),
        ("{token: hunter2secret}", "not a hash: make a token with 'edge-fer login --token'"),
        (f"{{password: '{LOGIN['password']}'}}", "username and password go together"),
        ("{username: admin}", "username and password go together"),
        (f"{{username: 'a:b', password: '{LOGIN['password']}'}}", "no colon"),
        ("{username: admin, password: '${file:none}'}", "web.password needs the file"),
        ("{tls: {certificate: box.pem}}", "web.tls.key is missing"),
        ("{proxies: [evil]}", "web.proxies"),
        (
            "{proxies: [10.0.0.1/8]}",
            r"web.proxies\[0\]: .* the address 10.0.0.1 or the network 10.0.0.0/8\?",
        ),
        ("{proxies: ['::ffff:10.0.0.0/104']}", "write it as IPv4"),
        ("{proxies: [1]}", "not an address or a network such as"),
        ("{proxies: [true]}", "not an address or a network such as"),
        ("{proxies: ['']}", "not an address or a network such as"),
        ("{hosts: [10.0.0.1]}", "an address needs no entry"),
        ("{proxies: 10.0.0.1}", "web.proxies"),
        ("{hosts: ['box.example.com:80']}", "not a host name"),
        ("{hosts: ['*']}", "not a host name"),
    ],
)
def test_a_wrong_section_is_told_and_shows_no_secret(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        web(tmp_path, text)
    assert "hunter2" not in str(error.value)
    assert "\n" not in str(error.value)


def test_proxies_are_addresses_and_networks(tmp_path: Path) -> None:
    proxies = web(tmp_path, "{proxies: [10.0.0.2, 10.1.0.0/16, '::1', 'fd00:0:0::/48']}").proxies
    assert [str(network) for network in proxies] == [
        "10.0.0.2/32", "10.1.0.0/16", "::1/128", "fd00::/48",
    ]  # fmt: skip


LISTENS = {**LOGIN, "host": "0.0.0.0"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, ["watch http://127.0.0.1:8080/"]),
        (LISTENS, ["watch http://[^/]+:8080/", "travel openly"]),
        ({**LISTENS, "proxies": ["10.0.0.2"]}, ["watch", "travel openly"]),
        ({"proxies": ["127.0.0.1"]}, ["watch", "let the proxy ask for one"]),
        ({**LOGIN, "proxies": ["127.0.0.1"]}, ["watch"]),
        (
            {**LISTENS, "hosts": ["box.lan"], "tls": {"certificate": "a", "key": "b"}},
            ["watch https://box.lan:8080/"],
        ),
    ],
)
def test_where_to_look_and_what_is_unwise_is_told(
    given: dict[str, Any], told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    announce(WebConfig.model_validate(given))
    assert len(caplog.messages) == len(told)
    for line, words in zip(caplog.messages, told, strict=True):
        assert re.search(words, line)


def test_hashes_are_not_shown() -> None:
    config = WebConfig.model_validate(LOGIN)
    assert "scrypt" not in repr(config) + config.model_dump_json()
    assert "sha256" not in repr(config) + config.model_dump_json()
