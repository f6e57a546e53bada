"""Secrets that systemd hands over."""

from pathlib import Path

import pytest

from edge.config.file import load_config
from edge.errors import ConfigError

TEXT = "cameras: {door: {source: demo}}\nmqtt: {username: me, password: '${credential:%s}'}\n"


def test_a_secret_from_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.yaml").write_text(TEXT % "mqtt.password")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/mqtt.password").write_text("p@ss\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "kept"))
    password = load_config(tmp_path / "config.yaml").mqtt.password
    assert password is not None
    assert password.get_secret_value() == "p@ss"


def test_one_that_is_not_loaded_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.yaml").write_text(TEXT % "broker")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    place = r"line 2, column 32: mqtt\.password needs the"
    with pytest.raises(ConfigError, match=f"{place} credential broker: .*LoadCredential=broker:"):
        load_config(tmp_path / "config.yaml")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(ConfigError, match=f"{place} file {tmp_path}/broker: No such"):
        load_config(tmp_path / "config.yaml")


def test_a_credential_is_no_path(tmp_path: Path) -> None:
    """What is none of the three is left as it stands."""
    (tmp_path / "config.yaml").write_text(TEXT % "../../etc/passwd")
    password = load_config(tmp_path / "config.yaml").mqtt.password
    assert password is not None
    assert password.get_secret_value() == "${credential:../../etc/passwd}"
