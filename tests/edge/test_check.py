"""``edge-fer check``: the configuration that is in force, what is wrong, and what is unwise."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import edge.cli
from edge.check import check
from edge.config import Config
from edge.config.advice import unwise
from edge.config.file import load_config
from edge.errors import ConfigError
from tests.support.system import free_port

HASH = "scrypt:32768:8:1$abc$" + 128 * "0"
LOGIN = {"username": "me", "password": HASH}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(**config: Any) -> Path:
        config.setdefault("cameras", {"demo": {"source": "demo"}})
        config.setdefault("classify", {"delegate": "cpu"})
        config["web"] = {"port": free_port(), **config.get("web", {})}
        config["mqtt"] = {"port": free_port(), **config.get("mqtt", {})}
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(config))
        path.chmod(0o600)
        return path

    return write


def test_every_default_is_shown_and_no_secret(
    write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    cameras = {
        "demo": {"source": "demo"},
        "door": {"source": "rtsp://me:hunter2@10.0.0.5/x?pwd=hunter3", "detect": {"kind": "dlib"}},
        "hall": {"source": "rtsp://10.0.0.6/x", "username": "me", "password": "hunter4"},
    }
    path = write(cameras=cameras, mqtt={"username": "me", "password": "hunter5"}, web=LOGIN)
    assert check(path, as_json=False) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"# {path} is valid: node box-1, cameras demo, door, hall")
    shown = yaml.safe_load(out)
    assert shown["cameras"]["door"]["detect"]["kind"] == "dlib"
    assert shown["cameras"]["door"]["capture"]["stall_seconds"] == 10
    assert shown["cameras"]["door"]["source"] == "rtsp://10.0.0.5"
    assert shown["track"]["min_hits"] == 3
    assert shown["log"] == {"format": "auto", "level": "info"}
    assert "cameras.door: the login stands in the URL" in err
    for text in (out, err):
        assert "hunter" not in text
        assert HASH not in text
    assert check(path, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["valid"] is True
    assert told["config"] == shown
    assert len(told["warnings"]) == 1


def test_a_program_is_told_each_fault_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("cameras:\n  demo: {source: demo}\nweb:\n  prot: 1\n  host: x\n")
    assert check(path, as_json=True) == 2
    told = json.loads(capsys.readouterr().out)
    assert told["valid"] is False
    assert told["errors"] == [
        {
            "message": "unknown key web.prot: did you mean web.port?",
            "line": 4,
            "column": 3,
        },
        {
            "message": "web.host: not an address such as 127.0.0.1, 0.0.0.0 or ::",
            "line": 5,
            "column": 9,
        },
    ]
    with pytest.raises(ConfigError, match="line 4, column 3"):
        check(path, as_json=False)


def test_a_port_that_is_taken_is_a_warning(
    write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert check(write(web={"port": port}), as_json=False) == 0
    err = capsys.readouterr().err
    assert err == (
        f"warning: web.port: 127.0.0.1:{port} is taken now: by edge-fer itself, if it runs "
        "already\n"
    )


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"web": {"host": "0.0.0.0", **LOGIN}}, "web: passwords and pictures travel openly"),
        ({"web": {"proxies": ["10.0.0.2"]}}, "web: whoever gets through to the proxy"),
        (
            {"web": {"proxies": ["10.0.0.0/16"], **LOGIN}},
            "web.proxies: anybody in 10.0.0.0/16 may claim",
        ),
        ({"mqtt": {"broker": "10.0.0.2"}}, "mqtt: events travel openly, and without a login"),
        ({"mqtt": {"broker": "10.0.0.2", "username": "me"}}, "mqtt: events and the password"),
        (
            {"mqtt": {"listen": "0.0.0.0", "username": "me", "password": "secret"}},
            "mqtt: the embedded broker has no TLS",
        ),
        (
            {"cameras": {"a": {"source": 0}, "b": {"source": "/dev/video0"}}},
            "cameras.b: /dev/video0 is read by a already",
        ),
        (
            {"cameras": {"a": {"source": "http://10.0.0.5/", "username": "m", "password": "p"}}},
            "cameras.a: user and password travel openly",
        ),
        ({"mqtt": {"port": 8080}, "web": {"port": 8080}}, "mqtt.port and web.port are both 8080"),
    ],
)
def test_what_is_unwise_is_told(
    write: Callable[..., Path], config: dict[str, Any], words: str
) -> None:
    path = write(**config)
    (line,) = unwise(load_config(path), path)
    assert line.what.startswith(words)
    assert line.advice


def test_a_password_in_a_file_that_everybody_may_read(write: Callable[..., Path]) -> None:
    path = write(mqtt={"username": "me", "password": "hunter2"})

    def told() -> list[str]:
        return list(map(str, unwise(load_config(path), path)))

    assert told() == []
    path.chmod(0o644)
    (line,) = told()
    assert line.startswith(f"everybody on this box may read {path}")
    assert "hunter2" not in line


def test_nothing_is_unwise_as_it_ships() -> None:
    path = Path(__file__).parents[2] / "config.yaml"
    assert isinstance(load_config(path), Config)
    assert unwise(load_config(path), path) == []


def test_an_installed_box_needs_no_path(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(edge.cli, "INSTALLED", tmp_path / "config.yaml")
    assert edge.cli.find_config() == Path("config.yaml"), "no service is installed"
    installed = write()
    assert edge.cli.find_config() == installed
    (elsewhere / "config.yaml").touch()
    assert edge.cli.find_config() == Path("config.yaml"), "what lies here is nearer"
