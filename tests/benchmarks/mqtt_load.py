"""What a busy evening costs: many events a second to a real broker, for minutes.

``python -m tests.benchmarks.mqtt_load --events 200 --seconds 300``
"""

import multiprocessing
import tempfile
import time
from contextlib import suppress
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import click

from edge.metrics import Metrics
from tests.support.mqtt import dropped, publisher
from tests.support.servers import Subscriber, start_mosquitto
from tests.support.system import eventually, free_port

_PAYLOAD = "x" * 690


def _publish(
    port: int, a_second: float, seconds: float, folder: str | None,
    results: "SimpleQueue[tuple[int, float, float]]",
) -> None:  # fmt: skip
    metrics = Metrics()
    client = publisher(port, metrics, outbox={"folder": folder})
    client.start()
    eventually(lambda: client.connected)
    sent, cpu, start = 0, time.process_time(), time.monotonic()
    while sent < a_second * seconds:
        client.publish_event("door/event", f"{sent} {_PAYLOAD}".encode())
        sent += 1
        time.sleep(max(0.0, start + sent / a_second - time.monotonic()))
    share = (time.process_time() - cpu) / (time.monotonic() - start)
    client.stop(time.monotonic() + 10)
    results.put((sent, share, dropped(metrics, "overflow") or 0))


@click.command()
@click.option("--events", default=200.0, help="A second.")
@click.option("--seconds", default=300.0)
@click.option("--spool", is_flag=True, help="Keep them on disk as well.")
def main(events: float, seconds: float, spool: bool) -> None:
    """Publish to mosquitto from a process of its own, and count what arrives."""
    context = multiprocessing.get_context("spawn")
    results: SimpleQueue[tuple[int, float, float]] = context.SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        broker = start_mosquitto(Path(folder), port)
        reader = Subscriber(port)
        where = f"{folder}/spool" if spool else None
        process = context.Process(target=_publish, args=(port, events, seconds, where, results))
        process.start()
        process.join()
        if process.exitcode != 0:
            raise click.ClickException(f"the publisher ended with {process.exitcode}")
        sent, share, overflow = results.get()
        numbers: list[int] = []

        def all_there() -> bool:
            numbers[:] = [int(payload.split()[0]) for payload in reader.payloads("/event")]
            return len(set(numbers)) + overflow >= sent

        with suppress(AssertionError):  # what is missing is told below
            eventually(all_there)
        reader.close()
        broker.kill()
    click.echo(
        f"{sent} sent at {events:.0f} a second{', kept on disk' if spool else ''}: "
        f"{len(numbers)} received, {sent - len(set(numbers))} lost, {overflow:.0f} overflowed, "
        f"in order {numbers == sorted(numbers)}; the publisher took {100 * share:.1f} % of one CPU"
    )


if __name__ == "__main__":
    main()
