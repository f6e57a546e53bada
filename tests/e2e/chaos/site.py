"""A place to put the box: cameras that fail, a broker, and the daemon between them."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.daemon import Daemon
from tests.support.servers import RtspServer, Subscriber, start_mosquitto
from tests.support.system import Process, eventually, free_port

STALL_SECONDS = 3.0


@dataclass
class Site:
    """One daemon with its cameras and its broker; all of it ends with the context."""

    folder: Path
    stack: ExitStack
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.broker: Process = start_mosquitto(self.folder, self.port)
        self.stack.callback(self._kill_broker)
        self.subscriber = Subscriber(self.port)
        self.stack.callback(self.subscriber.close)

    def camera(self, clip: Path | list[Path], **options: Any) -> RtspServer:
        """Start an RTSP server."""
        server = RtspServer(clip, self.folder, **options)
        self.stack.callback(server.kill)
        return server

    def box(
        self, sources: dict[str, str], env: dict[str, str] | None = None, **sections: Any
    ) -> Daemon:
        """Start the daemon on some cameras and wait for its page."""
        config = {
            "cameras": {name: {"source": source} for name, source in sources.items()},
            "capture": {"stall_seconds": STALL_SECONDS},
            "mqtt": {"broker": "127.0.0.1", "port": self.port},
            **sections,
        }
        box = Daemon(self.folder, config, env=env)
        self.stack.callback(box.kill)
        return box.ready()

    def _kill_broker(self) -> None:
        self.broker.kill()  # the one that runs then

    def restart_broker(self) -> None:
        """Kill the broker, sessions and retained messages with it, and start another."""
        self.broker.kill()
        self.broker = start_mosquitto(self.folder, self.port)


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """Make a place in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        yield Site(folder, stack)


def state(box: Daemon, camera: str = "door") -> str:
    """Return what the page says of a camera."""
    return next(str(each["status"]) for each in box.cameras() if each["name"] == camera)


def until(box: Daemon, wanted: str, seconds: float = 60.0, camera: str = "door") -> float:
    """Wait for a camera's status; return the seconds that it took."""
    start = time.monotonic()
    try:
        eventually(lambda: state(box, camera) == wanted, seconds, f"{camera} {wanted}")
    except AssertionError as error:
        raise AssertionError(f"{error}; the log: {box.text}") from None
    return time.monotonic() - start


def statuses(subscriber: Subscriber, camera: str = "door") -> list[str]:
    """Return the statuses of a camera that went over MQTT."""
    return [payload.decode() for payload in subscriber.payloads(f"/{camera}/status")]


def next_event(subscriber: Subscriber, seen: int, kind: str, seconds: float = 90.0) -> float:
    """Wait for an event of a kind after the first `seen` messages; return when it came."""

    def found() -> float | None:
        for moment, (topic, payload, _) in list(
            zip(subscriber.times, subscriber.messages, strict=False)
        )[seen:]:
            if topic.endswith("/event") and json.loads(payload)["event"] == kind:
                return moment
        return None

    moment = eventually(found, seconds, f"an event '{kind}'")
    assert moment is not None
    return moment
