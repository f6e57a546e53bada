"""What several tests of the daemon's parts use."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from edge.mqtt.publisher import MqttPublisher
from tests.support.mqtt import publisher


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
