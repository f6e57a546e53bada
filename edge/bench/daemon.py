"""The daemon as its own process, as a user runs it, and what its ``/metrics`` say."""

import http.client
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

import yaml
from prometheus_client.parser import text_string_to_metric_families

from edge.errors import EdgeFerError

_ANSWER_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 10.0
_END_SECONDS: Final = 3.0
_LOG_TIME: Final = re.compile(r"^[\d-]+ [\d:,.]+ |^error: ")
_PREFIX: Final = "edge_fer_"

Labels = tuple[tuple[str, str], ...]
"""Names and values of a sample's labels, by name."""


class Scrape:
    """All samples of ``/metrics`` at one moment.

    Parameters
    ----------
    text
        As it was answered.
    moment
        Monotonic seconds.
    """

    def __init__(self, text: str, moment: float) -> None:
        self.moment = moment
        self._samples: dict[tuple[str, Labels], float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = tuple(sorted(sample.labels.items()))
                self._samples[sample.name.removeprefix(_PREFIX), labels] = float(sample.value)

    def each(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        """Return a metric by the values of `labels`, added up over all others."""
        found: dict[tuple[str, ...], float] = {}
        for (own, given), value in self._samples.items():
            if own == name:
                values = dict(given)
                key = tuple(values[label] for label in labels)
                found[key] = found.get(key, 0.0) + value
        return found

    def total(self, name: str) -> float:
        """Return a metric, added up over all labels."""
        return sum(self.each(name).values())


@contextmanager
def _held_back() -> Iterator[None]:
    """Let signals to end us come after it only: a process half started would outlive us."""
    came: list[int] = []
    handlers = {
        ending: signal.signal(ending, lambda number, _: came.append(number))
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(ending) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for ending, handler in handlers.items():
            signal.signal(ending, handler)
        for number in came:
            signal.raise_signal(number)


class Daemon:
    """``edge-fer run``, from its start to its end; a context manager.

    Parameters
    ----------
    config
        Its configuration.
    folder
        For its files.
    """

    def __init__(self, config: dict[str, Any], folder: Path) -> None:
        self._web_port: int = config["web"]["port"]
        self._log = folder / "daemon.log"
        path = folder / "config.yaml"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        command = [sys.executable, "-m", "edge", "run", "--config", str(path)]
        self.started = time.monotonic()
        with self._log.open("wb") as log, ExitStack() as unless_ended:
            with _held_back():
                self._process = subprocess.Popen(  # noqa: S603 - ourselves
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
                unless_ended.callback(self.__exit__)
            unless_ended.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)

    def check(self) -> None:
        """Go on only if it runs.

        Raises
        ------
        EdgeFerError
            If it has ended; with the last line of its log.
        """
        code = self._process.poll()
        if code is not None:
            raise EdgeFerError(f"the daemon ended with exit code {code}: {self.last_line()}")

    def scrape(self) -> Scrape:
        """Return its metrics.

        Raises
        ------
        EdgeFerError
            If it has ended, or does not answer.
        """
        scrape = self.try_scrape()
        if scrape is None:
            with suppress(subprocess.TimeoutExpired):  # it may be about to end, and says why
                self._process.wait(_END_SECONDS)
            self.check()
            raise EdgeFerError(f"the daemon does not answer: {self.last_line()}")
        return scrape

    def try_scrape(self) -> Scrape | None:
        """Return its metrics, or None if it does not answer (yet)."""
        web = http.client.HTTPConnection("127.0.0.1", self._web_port, timeout=_ANSWER_SECONDS)
        try:
            web.request("GET", "/metrics")
            answer = web.getresponse()
            moment = time.monotonic()
            return Scrape(answer.read().decode(), moment)
        except (OSError, http.client.HTTPException):
            return None
        finally:
            web.close()

    def memory_mb(self, field: str) -> float:
        """Return a size of proc_pid_status(5), ``VmRSS`` or ``VmHWM``, in MB of 10^6 bytes."""
        self.check()
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        found = re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)
        if found is None:
            raise EdgeFerError(f"the kernel tells no {field} of the daemon")
        return int(found[1]) * 1024 / 1e6

    def stop(self) -> None:
        """End it as the service manager does.

        Raises
        ------
        EdgeFerError
            If it had ended before, takes longer than 10 s, or does not end well.
        """
        self.check()
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise EdgeFerError(
                f"the daemon did not end within {_STOP_SECONDS:.0f} s: {self.last_line()}"
            ) from None
        if code != 0:
            raise EdgeFerError(f"the daemon ended with exit code {code}: {self.last_line()}")

    def last_line(self) -> str:
        """Return the end of its log, without the time."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "it wrote no log")
        return _LOG_TIME.sub("", last).strip()
