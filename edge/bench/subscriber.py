"""A subscriber that waits for the broker from the start, and takes the time of what comes."""

import json
import statistics
import threading
import time
from datetime import datetime
from typing import Any, Final, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

_RETRY_SECONDS: Final = 0.005
_STOP_SECONDS: Final = 5.0


class Subscriber:
    """Takes every message of a broker on loopback; a context manager.

    Parameters
    ----------
    port
        The broker's; it need not listen yet.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._delays: list[float] = []
        self.messages = 0
        self.first_event: float | None = None
        """When the first event came, in monotonic seconds."""
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("#")
        self._client.on_message = self._take
        self._thread = threading.Thread(target=self._run, name="subscriber", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(_STOP_SECONDS)

    def delays(self) -> list[float]:
        """Return the seconds from capture to arrival of what has come since the last call."""
        with self._lock:
            taken, self._delays = self._delays, []
        return taken

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._client.connect("127.0.0.1", self._port)
            except OSError:
                self._stop.wait(_RETRY_SECONDS)
                continue
            while not self._stop.is_set() and self._client.loop(0.1) == paho.MQTT_ERR_SUCCESS:
                pass
        self._client.disconnect()

    def _take(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        arrived, wall = time.monotonic(), time.time()
        self.messages += 1
        kind = message.topic.rpartition("/")[2]
        if kind == "event" and self.first_event is None:
            self.first_event = arrived
        if kind != "faces":
            return
        told = json.loads(message.payload)
        if told["faces"]:  # the one without tells when they had gone, and no frame's time
            delay = wall - datetime.fromisoformat(told["time"]).timestamp()
            with self._lock:
                self._delays.append(delay)


def quantiles_ms(delays: list[float]) -> dict[str, float] | None:
    """Return median, p95 and p99 in ms; None without at least two delays."""
    if len(delays) < 2:  # noqa: PLR2004 - statistics asks for them
        return None
    cuts = statistics.quantiles(delays, n=100, method="inclusive")
    return {name: 1000 * cuts[n - 1] for name, n in (("median", 50), ("p95", 95), ("p99", 99))}
