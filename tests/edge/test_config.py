from pathlib import Path

import pytest

from edge.config import Config
from edge.config_file import load_config
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
        ("cameras: {demo: {source: demo}}\ncolour: red", "line 2: unknown key colour"),
        (
            "detect:\n  kind: haar\n  wdith: 3\ncameras: {demo: {source: demo}}",
            "line 3: unknown key detect.wdith",
        ),
        (
            "cameras:\n  demo:\n    source: demo\n    detect: {wdith: 3}",
            "line 4: unknown key cameras.demo.detect.wdith",
        ),
        (
            "cameras:\n  demo: {source: demo}\nweb:\n  port: eighty",
            "line 4: web.port should be a valid integer",
        ),
        ("cameras: {demo: {source: demo}}\nweb: {host: 0.0.0.0}", "line 2: web.host should be"),
        (
            "cameras: {demo: {source: demo}}\ndetect: {kind: yolo}",
            "line 2: detect.kind should be 'haar' or 'dlib', not 'yolo'",
        ),
        ("cameras: {demo: {source: demo}}\npublish: 3", "line 2: publish should be"),
        ("cameras: {demo: {}}", "line 1: cameras.demo.source is missing"),
        ("cameras: {demo: }", "line 1: cameras.demo should be"),
        ("cameras: {}", "cameras should"),
        ("cameras: {a/b: {source: demo}}", "cameras.a/b should"),
        ("node: box-1", "cameras is missing"),
        ("cameras: [", "line 1, column 11: not valid YAML"),
        ("- 1", "expected keys"),
        ("", "expected keys"),
        (
            "cameras:\n  door: {source: '${NO_SUCH_NAME}'}",
            "line 2: cameras.door.source needs the environment variable NO_SUCH_NAME",
        ),
    ],
)
def test_a_fault_is_named_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_wrong_password_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, "cameras: {demo: {source: demo}}\nmqtt: {password: 12345}")
    assert "12345" not in str(error.value)


def test_urls_are_shown_without_passwords() -> None:
    shown = redact("cannot open rtsp://user:p@ss/word@10.0.0.5/stream, http://h/x")
    assert "user" not in shown
    assert "p@ss" not in shown
    assert "http://h/x" in shown
