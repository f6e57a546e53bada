"""A broker that dies while events flow, and one that is away for longer than they can wait."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.metrics import MQTT_DROPS, Metrics
from edge.mqtt.publisher import MqttPublisher
from tests.support.mqtt import MortalBroker, NumberSubscriber, dropped, metric, publisher
from tests.support.system import eventually

_A_SECOND = 50
_PAYLOAD = "x" * 650


class _Source:
    """Publishes numbered events, so many a second, until it is told to stop."""

    def __init__(self, client: MqttPublisher, a_second: float) -> None:
        self.sent = 0
        self._client = client
        self._pause = 1 / a_second
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._pause):
            self._client.publish_event("door/event", f"{self.sent} {_PAYLOAD}".encode())
            self.sent += 1


@contextmanager
def _broker(folder: Path) -> Iterator[tuple[MortalBroker, NumberSubscriber]]:
    """Start a broker with a reader, both ended whatever happens."""
    broker = MortalBroker(folder)
    try:
        reader = NumberSubscriber(broker.port)
        broker.save()
        yield broker, reader
        reader.close()
    finally:
        broker.kill()


@dataclass(frozen=True)
class Restarts:
    """What a broker that was ended again and again made of the events."""

    ends: int
    sent: int
    missing: int
    in_order: bool
    duplicates: int
    drops: float
    worst: float
    """Seconds from the broker's return to the next event."""


def restarts(folder: Path, times: int, seconds: float) -> Restarts:
    """End the broker so many times within some seconds, killed and asked to in turn."""
    metrics = Metrics()
    with _broker(folder) as (broker, reader):
        client = publisher(broker.port, metrics, outbox={"messages": 100_000, "bytes": 100_000_000})
        client.start()
        source = _Source(client, _A_SECOND)
        worst = 0.0
        try:
            for turn in range(times):
                began, seen = time.monotonic(), len(reader.numbers)
                eventually(lambda seen=seen: len(reader.numbers) > seen + 10, 120, "events")
                time.sleep(max(0.0, seconds / times - (time.monotonic() - began) - 2))
                broker.process.stop(signal.SIGTERM if turn % 2 else signal.SIGKILL)
                time.sleep(0.5)
                seen = len(reader.numbers)
                broker.start()
                back = time.monotonic()
                assert reader.connected.wait(60)
                eventually(lambda seen=seen: len(reader.numbers) > seen, 60, "the next event")
                worst = max(worst, time.monotonic() - back)
        finally:
            source.stop()
        last = source.sent - 1
        eventually(lambda: last in reader.numbers[-1000:], 120, "the last event")
        client.stop(time.monotonic() + 5)
    fresh = reader.fresh
    return Restarts(
        times,
        source.sent,
        len(set(range(source.sent)) - set(fresh)),
        fresh == sorted(fresh),
        len(reader.numbers) - len(fresh),
        sum(dropped(metrics, reason) or 0 for reason in MQTT_DROPS),
        worst,
    )


@dataclass(frozen=True)
class Outage:
    """What an outage longer than the outbox cost."""

    sent: int
    lost: int
    counted: float
    newest_kept: bool
    in_order: bool


def outage(folder: Path, messages: int, more: int) -> Outage:
    """Publish `more` events than the outbox takes while the broker is away."""
    metrics = Metrics()
    with _broker(folder) as (broker, reader):
        client = publisher(broker.port, metrics, outbox={"messages": messages})
        client.start()
        sent = 0
        for _ in range(100):
            client.publish_event("door/event", f"{sent} {_PAYLOAD}".encode())
            sent += 1
        eventually(lambda: len(reader.numbers) == sent and metric(metrics, "outbox_messages") == 0)
        broker.kill()
        eventually(lambda: not client.connected)
        for _ in range(messages + more):
            client.publish_event("door/event", f"{sent} {_PAYLOAD}".encode())
            sent += 1
        broker.start()
        eventually(lambda: sent - 1 in reader.numbers[-messages:], 120, "the last event")
        eventually(lambda: metric(metrics, "outbox_messages") == 0)
        client.stop(time.monotonic() + 5)
    fresh = reader.fresh
    kept = [number for number in fresh if number >= sent - messages]
    return Outage(
        sent,
        sent - len(fresh),
        dropped(metrics, "overflow") or 0,
        kept == list(range(sent - messages, sent)),
        fresh == sorted(fresh),
    )
