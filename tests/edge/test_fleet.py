"""The examples for many boxes: what they mount, what they start with, and who may write what."""

import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
import trustme
import yaml

from edge.config.file import load_config
from tests.support.daemon import run_cli
from tests.support.servers import start_mosquitto
from tests.support.system import REPOSITORY, Process, free_port, program

FLEET = REPOSITORY / "examples/fleet"
MADE_BY_HAND = {
    "secrets/mosquitto", "secrets/grafana.password",
}  # fmt: skip
"""What docs/fleet.md has one make; git does not know it."""


def test_the_compose_file_mounts_what_is_there() -> None:
    compose = yaml.safe_load((FLEET / "compose.yaml").read_text())
    mounts = [mount for service in compose["services"].values() for mount in service["volumes"]]
    sources = {mount.partition(":")[0] for mount in mounts}
    named = {source for source in sources if not source.startswith(".")}
    assert named == set(compose["volumes"])
    for source in sources - named:
        relative = source.removeprefix("./")
        assert relative in MADE_BY_HAND or (FLEET / relative).exists(), source
    guide = (REPOSITORY / "docs/fleet.md").read_text()
    for secret in MADE_BY_HAND:
        assert secret in guide


def test_what_grafana_and_prometheus_are_given_fits_together() -> None:
    compose = yaml.safe_load((FLEET / "compose.yaml").read_text())["services"]
    source = yaml.safe_load((FLEET / "grafana/datasource.yml").read_text())["datasources"][0]
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in compose
    prometheus = yaml.safe_load((REPOSITORY / "dashboards/prometheus.yml").read_text())
    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]
    provider = yaml.safe_load((FLEET / "grafana/dashboards.yml").read_text())["providers"][0]
    folder = provider["options"]["path"]
    assert any(f":{folder}/edge-fer.json:" in each for each in compose["grafana"]["volumes"])


class Broker:
    """mosquitto with the example's own configuration, at places of the test's."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        ca = trustme.CA()
        ca.cert_pem.write_to_path(str(folder / "ca.pem"))
        issued = ca.issue_cert("127.0.0.1")
        issued.private_key_pem.write_to_path(str(folder / "server.key"))
        issued.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
        passwords = folder / "passwords"
        passwords.touch(mode=0o600)
        for user in ("box-1", "box-2", "monitor", "home-assistant"):
            command = [program("mosquitto_passwd"), "-b", str(passwords), user, f"of {user}"]
            subprocess.run(command, check=True, timeout=30)
        (folder / "acl").write_text((FLEET / "acl").read_text())
        (folder / "acl").chmod(0o600)
        config = (FLEET / "mosquitto.conf").read_text()
        config = config.replace("listener 8883", "listener {port} 127.0.0.1")
        for place in ("/mosquitto/secrets", "/mosquitto/config", "/mosquitto/data"):
            config = config.replace(place, str(folder))
        self.process: Process = start_mosquitto(folder, self.port, f"user root\n{config}")

    def run(self, command: str, user: str, *arguments: str, password: str = "") -> str:
        """Run mosquitto_pub or mosquitto_sub as a user; return what it says."""
        done = subprocess.run(
            [
                program(command), "-h", "127.0.0.1", "-p", str(self.port), "-V", "mqttv5",
                "--cafile", str(self._folder / "ca.pem"), "-u", user,
                "-P", password or f"of {user}", *arguments,
            ],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    def keep(self, user: str, topic: str) -> str:
        """Publish a retained message; return what the broker has against it."""
        return self.run("mosquitto_pub", user, "-q", "1", "-r", "-t", topic, "-m", f"by {user}")

    def kept(self, user: str, topic: str) -> list[str]:
        """Return the retained messages that a user sees, as lines with their topics."""
        told = self.run(
            "mosquitto_sub", user, "-v", "-t", topic, "--retained-only", "-W", "2",
        )  # fmt: skip
        return sorted(line for line in told.splitlines() if line.startswith("edge-fer/"))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """The example's broker, running."""
    server = Broker(tmp_path)
    yield server
    server.process.kill()


def test_a_box_writes_below_its_own_name_only(broker: Broker) -> None:
    assert "Not authorized" not in broker.keep("box-1", "edge-fer/box-1/status")
    assert "Not authorized" not in broker.keep("box-1", "edge-fer/box-1/door/state")
    assert "Not authorized" not in broker.keep("box-2", "edge-fer/box-2/status")
    for topic in ("edge-fer/box-2/status", "edge-fer/box-2/hall/set", "other/box-1", "edge-fer/x"):
        assert "Not authorized" in broker.keep("box-1", topic), topic
    assert broker.kept("monitor", "edge-fer/+/status") == [
        "edge-fer/box-1/status by box-1",
        "edge-fer/box-2/status by box-2",
    ]


def test_commands_come_from_home_assistant_and_reach_their_box_alone(broker: Broker) -> None:
    assert "Not authorized" in broker.keep("monitor", "edge-fer/box-1/door/set")
    assert "Not authorized" not in broker.keep("home-assistant", "edge-fer/box-1/door/set")
    heard = broker.kept("box-1", "edge-fer/box-1/+/set")
    assert heard == ["edge-fer/box-1/door/set by home-assistant"]
    assert broker.kept("box-2", "edge-fer/+/+/set") == []


def test_nobody_comes_in_without_a_password(broker: Broker) -> None:
    arguments = ("-t", "edge-fer/#", "-W", "2")
    assert "not authori" in broker.run("mosquitto_sub", "box-1", *arguments, password="x").lower()
    assert "not authori" in broker.run("mosquitto_sub", "nobody", *arguments).lower()


def test_the_playbook_writes_a_configuration_that_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its own check finds, before it is put in place."""
    ansible = FLEET / "ansible"
    plays: list[dict[str, Any]] = yaml.safe_load((ansible / "playbook.yml").read_text())
    inventory = yaml.safe_load((ansible / "inventory.yml").read_text())["boxes"]
    vault = yaml.safe_load((ansible / "vault.example.yml").read_text())["vault"]
    assert plays[0]["hosts"] == "boxes"
    assert vault.keys() == inventory["hosts"].keys()
    room = jinja2.Environment(autoescape=False, trim_blocks=True)
    room.filters["to_json"] = json.dumps
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (task,) = (each for each in plays[0]["tasks"] if each["name"] == "Write config.yaml")
    assert task["environment"] == {
        "CREDENTIALS_DIRECTORY": "/etc/edge-fer", "STATE_DIRECTORY": "/var/lib/edge-fer"
    }  # fmt: skip
    validate = task["ansible.builtin.template"]["validate"]
    issued = trustme.CA().issue_cert("box.example.org")
    made = {
        "web.token": f"sha256:{'0' * 64}",
        "web.pem": issued.cert_chain_pems[0].bytes().decode(),
        "web.key": issued.private_key_pem.bytes().decode(),
    }
    for name, host in inventory["hosts"].items():
        for secret, value in vault[name].items():
            (tmp_path / secret).write_text(made.get(secret, value))
        facts = {**inventory["vars"], **host, "inventory_hostname": name, "secrets": vault[name]}
        drop_in = room.from_string((ansible / "templates/secrets.conf.j2").read_text())
        lines = drop_in.render(facts).splitlines()
        assert "LoadCredential=mqtt:/etc/edge-fer/mqtt" in lines
        assert len(lines) == 1 + len(vault[name])
        path = tmp_path / "config.yaml"
        text = (ansible / "templates/config.yaml.j2").read_text()
        path.write_text(room.from_string(text).render(facts))
        config = load_config(path)
        assert (config.node, config.mqtt.username) == (name, name)
        assert config.cameras.keys() == host["cameras"].keys()
        edge_fer, *arguments = shlex.split(validate % path)
        assert edge_fer == "edge-fer"
        done = run_cli(*arguments)
        assert done.returncode == 0, done.stderr
        path.write_text("colour: red\n")
        assert run_cli(*arguments).returncode == 2
