"""What several tests of the daemon's parts use."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from edge.mqtt.publisher import MqttPublisher
from tests.support.mqtt import publisher
from tests.support.system import Process


@pytest.fixture(autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    """End the programs that a test which failed has left behind."""
    before = set(Process.started)
    yield
    for process in Process.started - before:
        process.kill()


@pytest.fixture
def publish() -> Iterator[Callable[..., MqttPublisher]]:
    """Start publishers; stopped after the test."""
    started: list[MqttPublisher] = []

    def start(*args: Any, **config: Any) -> MqttPublisher:
        started.append(publisher(*args, **config))
        started[-1].start()
        return started[-1]

    yield start
    for client in started:
        client.stop(time.monotonic() + 1)
