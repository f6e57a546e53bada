from pathlib import Path

import pytest

from edge.config import Config
from edge.config.faults import RENAMED
from edge.config.file import load_config
from edge.errors import ConfigError
from edge.redact import redact

REPOSITORY = Path(__file__).parents[2]


def load(folder: Path, text: str) -> Config:
    path = folder / "config.yaml"
    path.write_text(text)
    return load_config(path)


def test_the_shipped_file_says_every_default(tmp_path: Path) -> None:
    shipped = load_config(REPOSITORY / "config.yaml")
    bare = load(tmp_path, "cameras: {demo: {source: demo}}")
    assert shipped.model_dump() == bare.model_dump()
    text = (REPOSITORY / "config.yaml").read_text()
    for section, model in Config.model_fields.items():
        for key in getattr(model.annotation, "model_fields", {}):
            assert f"\n  {key}:" in text.partition(f"\n{section}:")[2], f"{section}.{key}"


def test_a_camera_overrides_the_global_sections(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        "detect: {kind: dlib, width: 800}\n"
        "cameras:\n  one: {source: demo, detect: {width: 320}}\n  two: {source: 0}\n",
    )
    assert config.cameras["one"].detect.kind == "dlib"
    assert config.cameras["one"].detect.width == 320
    assert config.cameras["two"].detect.width == 800


def test_a_value_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOOR", "secret")
    config = load(tmp_path, 'cameras: {door: {source: "rtsp://me:${DOOR}@host/x"}}')
    assert config.cameras["door"].source == "rtsp://me:secret@host/x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "cameras: {demo: {source: demo}}\ncolour: red",
            "line 2, column 1: unknown key colour: there are node, capture, detect, classify",
        ),
        (
            "cameras:\n  demo: {source: demo, capture: {webcam: {fps: 3}}}",
            "line 2, column 34: unknown key cameras.demo.capture.webcam: it is called "
            "cameras.demo.capture now, with the same keys",
        ),
        (
            "detect:\n  kind: haar\n  wdith: 3\ncameras: {demo: {source: demo}}",
            "line 3, column 3: unknown key detect.wdith: did you mean detect.width?",
        ),
        (
            "cameras:\n  demo:\n    source: demo\n    detect: {wdith: 3}",
            "line 4, column 14: unknown key cameras.demo.detect.wdith: did you mean",
        ),
        (
            "cameras:\n  demo: {source: demo}\nweb:\n  port: eighty",
            "line 4, column 9: web.port should be a whole number, not eighty",
        ),
        (
            "cameras: {demo: {source: demo}}\nweb: {host: 0.0.0.0}",
            "web: host 0.0.0.0 is beyond loopback",
        ),
        (
            "cameras: {demo: {source: demo}}\ndetect: {kind: yolo}",
            "line 2, column 16: detect.kind should be haar or dlib, not yolo",
        ),
        (
            "cameras: {demo: {source: demo}}\npublish: 3",
            "line 2, column 10: publish should be a section",
        ),
        ("cameras: {demo: {}}", "line 1, column 17: cameras.demo.source is missing"),
        ("cameras: {demo: }", "line 1, column 11: cameras.demo should be"),
        ("cameras: {}", "line 1, column 10: cameras should be of 1 entries or more"),
        (
            "cameras: {a/b: {source: demo}}",
            "line 1, column 11: cameras.a/b should be letters, digits",
        ),
        ("node: box-1", "cameras is missing"),
        ("cameras: {demo: {source: 1.5}}", "line 1, column 26: cameras.demo.source: a source is"),
        ("cameras: {demo: {source: true}}", "line 1, column 26: cameras.demo.source: a source is"),
        ("cameras: {demo: {source: -1}}", "line 1, column 26: cameras.demo.source: a source is"),
        (
            "cameras:\n  a: {source: demo}\n  a: {source: 0}",
            "line 3, column 3: a stands here a second time",
        ),
        ("cameras: &a {demo: *a}", "not a configuration"),
        ("[" * 3000, "not a configuration"),
        (
            "cameras: {demo: {source: demo}}\nmqtt: {broker: a..b}",
            "line 2, column 16: mqtt.broker should be embedded, a host",
        ),
        ("cameras: {demo: {source: demo}}\nmqtt: {prefix: $SYS}", "line 2, column 16: mqtt.prefix"),
        ("cameras: [", "line 1, column 11: not valid YAML"),
        ("- 1", "expected keys"),
        ("", "expected keys"),
        (
            "cameras:\n  door: {source: '${NO_SUCH_NAME}'}",
            "line 2, column 18: cameras.door.source needs the environment variable NO_SUCH_NAME",
        ),
    ],
)
def test_a_fault_is_named_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_every_fault_is_named_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """\
cameras:
  demo: {source: demo, detect: {evry: 3}}
  door: {source: -1}
detect:
  kind: yolo
  every: 0
rate_hz: 5
capture: {webcam: {width: 3}, fourcc: MPEG4}
"""
    with pytest.raises(ConfigError) as error:
        load(tmp_path, text)
    first, *others = [str(fault).partition("config.yaml, ")[2] for fault in error.value.faults]
    assert first == (
        "line 2, column 33: unknown key cameras.demo.detect.evry: "
        "did you mean cameras.demo.detect.every?"
    )
    assert others == [
        "line 3, column 18: cameras.door.source: a source is demo, a device, a file, a folder, "
        "a URL, or the number of a webcam",
        "line 5, column 9: detect.kind should be haar or dlib, not yolo",
        "line 6, column 10: detect.every should be 1 or more, not 0",
        "line 7, column 1: unknown key rate_hz: publish.rate_hz has its place there",
        "line 8, column 11: unknown key capture.webcam: it is called capture now, with the same "
        "keys",
        "line 8, column 39: capture.fourcc should be the four characters of a format, MJPG say, "
        "not MPEG4",
    ]


def test_a_renamed_key_says_its_new_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RENAMED, "web.address", "web.host")
    with pytest.raises(ConfigError, match=r"unknown key web\.address: it is called web\.host now$"):
        load(tmp_path, "cameras: {demo: {source: demo}}\nweb: {address: 127.0.0.1}")


def test_what_systemd_would_set_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    with pytest.raises(ConfigError, match="STATE_DIRECTORY=/var/lib/edge-fer before the command"):
        load(
            tmp_path,
            "cameras: {demo: {source: demo}}\nmqtt: {outbox: {folder: '${STATE_DIRECTORY}'}}",
        )


def test_a_wrong_password_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, "cameras: {demo: {source: demo}}\nmqtt: {password: 12345}")
    assert "12345" not in str(error.value)


def test_a_password_in_a_wrong_place_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, 'cameras: {door: "rtsp://user:secret@host/x"}')
    assert "secret" not in str(error.value)


def test_a_section_without_keys_keeps_the_defaults(tmp_path: Path) -> None:
    config = load(tmp_path, "capture:\nmqtt:\ncameras: {demo: {source: demo, detect: }}")
    assert config.capture.stall_seconds == 10
    assert config.mqtt.port == 1883


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://user:secret@10.0.0.5/stream",
        "rtsp://user:se/secret@10.0.0.5/stream",
        "rtsp://user:a secret@10.0.0.5",
        "RTSP://10.0.0.5/user=admin_password=secret_channel=1",
        "http://10.0.0.5/video?user=admin&pwd=secret",
        "http://10.0.0.5/video?user=a@secret",
        "user:secret@10.0.0.5",
    ],
)
def test_sources_are_shown_without_passwords(url: str) -> None:
    assert "secret" not in redact(url)
    assert "10.0.0.5" in redact(url)


def test_a_secret_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "door.password").write_text("p@ss\n")
    config = load(
        tmp_path,
        "cameras: {door: {source: 'rtsp://10.0.0.5/x', username: me, "
        "password: '${file:door.password}'}}",
    )
    password = config.cameras["door"].password
    assert password is not None
    assert password.get_secret_value() == "p@ss"
    assert "p@ss" not in repr(config)


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        ("{source: demo, username: me}", "go with a camera on the network"),
        ("{source: 'rtsp://10.0.0.5/x', password: secret}", "password goes with username"),
    ],
)
def test_a_login_without_its_place_is_named(tmp_path: Path, camera: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"line 1, column 17: cameras.door: .*{message}") as error:
        load(tmp_path, f"cameras: {{door: {camera}}}")
    assert "secret" not in str(error.value)


def test_a_secret_lies_beside_the_file_that_a_link_leads_to(tmp_path: Path) -> None:
    """As clips and models do."""
    real = tmp_path / "real"
    real.mkdir()
    (real / "broker").write_text("hunter2\n")
    text = "cameras: {door: {source: demo}}\nmqtt: {username: me, password: '${file:broker}'}"
    load(real, text)
    link = tmp_path / "config.yaml"
    link.symlink_to(real / "config.yaml")
    config = load_config(link)
    assert config.mqtt.password == load(real, text).mqtt.password
    assert config.folder == real


def test_a_secret_without_its_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"line 2, column 18: mqtt\.password needs the file .*: No such"
    ):
        load(tmp_path, "cameras: {door: {source: demo}}\nmqtt: {password: '${file:none}'}")
