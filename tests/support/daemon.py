"""The daemon as its own process, as a user runs it."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.system import Process, eventually, free_port

STOP_SECONDS = 10
"""What ``docker stop`` waits for; an idle machine needs less than 5, with everything frozen."""


class Daemon(Process):
    """``edge-fer run`` on a configuration of the test's."""

    def __init__(
        self,
        folder: Path,
        config: dict[str, Any],
        python: str | Path = sys.executable,
        env: dict[str, str] | None = None,
    ) -> None:
        self.web_port = config.setdefault("web", {}).setdefault("port", free_port())
        self.mqtt_port = config.setdefault("mqtt", {}).setdefault("port", free_port())
        # To look for a GPU takes a process of its own, for seconds: where a test asks for it.
        config.setdefault("classify", {}).setdefault("delegate", "cpu")
        self.config = config
        path = folder / "config.yaml"
        path.write_text(yaml.safe_dump(config))
        command = [str(python), "-m", "edge", "run", "--config", str(path)]
        super().__init__(command, folder / "daemon.log", env)

    def get(self, path: str) -> bytes:
        """Return what the web server answers."""
        url = f"http://127.0.0.1:{self.web_port}{path}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            return bytes(answer.read())

    def ready(self) -> "Daemon":
        """Wait until the page answers."""
        eventually(self._answers, 100, f"the page; the log says: {self.text}")
        return self

    def cameras(self) -> list[dict[str, Any]]:
        """Return what the page shows."""
        cameras: list[dict[str, Any]] = json.loads(self.get("/api/cameras"))
        return cameras

    def metric(self, name: str, **labels: str) -> float:
        """Return the value of one sample of ``/metrics``; 0 where it is not there."""
        for family in text_string_to_metric_families(self.get("/metrics").decode()):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return float(sample.value)
        return 0.0

    def _answers(self) -> bool:
        assert self.popen.poll() is None, f"the daemon ended: {self.text}"
        try:
            return self.get("/healthz") == b"ok\n"
        except OSError:
            return False


def run_cli(
    *arguments: str | Path,
    cwd: Path | None = None,
    python: str | Path = sys.executable,
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ``edge-fer`` to its end."""
    command = [str(python), "-m", "edge", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=200, cwd=cwd,
        env={**os.environ, **(env or {})}, check=False,
    )  # fmt: skip
