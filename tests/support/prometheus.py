"""A real Prometheus server, and promtool."""

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.support.system import Process, eventually, free_port, program


def promtool(*arguments: str | Path, stdin: bytes = b"") -> str:
    """Run promtool, which must be content; return what it says."""
    done = subprocess.run(
        [program("promtool"), *map(str, arguments)],
        input=stdin, capture_output=True, timeout=100, check=False,
    )  # fmt: skip
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


class Prometheus(Process):
    """A server on a loopback port with a configuration of the test's."""

    def __init__(self, config: Path, folder: Path) -> None:
        self.port = free_port()
        super().__init__(
            [
                program("prometheus"),
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--log.level=warn",
            ],
            folder / "prometheus.log",
        )
        eventually(self._ready, what=f"Prometheus: {self.text}")

    def ask(self, path: str, **parameters: str) -> Any:
        """Return the data that the HTTP API gives."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {json.load(error)['error']}") from None

    def query(self, query: str) -> list[dict[str, Any]]:
        """Return the samples that a query gives now: ``metric`` (labels) and ``value``."""
        samples: list[dict[str, Any]] = self.ask("query", query=query)["result"]
        return samples

    def _ready(self) -> bool:
        assert self.popen.poll() is None, f"Prometheus ended: {self.text}"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5):
                return True
        except OSError:
            return False
