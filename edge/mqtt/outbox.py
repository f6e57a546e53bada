"""What waits to go out: events in order and bounded, of each state the newest."""

import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from edge.config.mqtt import OutboxConfig
from edge.metrics import Metrics
from edge.mqtt.spool import Spool

WINDOW: Final = 20
"""Messages that a broker has not yet acknowledged, at most."""

_LIVE: Final = 100
"""Messages of the moment that wait for a slow connection, at most."""


class Kind(Enum):
    """Kinds of topics; the configuration has a section for each."""

    EVENT = "event"
    FACES = "faces"
    STATE = "state"


@dataclass(eq=False)
class Outgoing:
    """A message on its way to the broker.

    Parameters
    ----------
    topic, payload, content_type
        What is sent, and where.
    kind
        How it is sent.
    lasting
        Of a state: it holds even when nothing is heard of this box any more.
    """

    topic: str
    payload: bytes
    kind: Kind
    content_type: str | None = None
    lasting: bool = False
    born: float = field(default_factory=time.monotonic)
    key: int = 0
    """Of an event: its place in the order, and in the spool."""
    sent: float | None = None
    """Of a state: when this connection took it."""
    refused: bool = False

    @property
    def waited(self) -> float:
        """Seconds since it was published."""
        return time.monotonic() - self.born


class Outbox:
    """Keeps messages until the broker has them; every method may be called from any thread.

    An event leaves when the broker has acknowledged it. What a connection took with it, and was
    not acknowledged when that ended, is sent again first: it may have arrived, but perhaps it has
    not, and so it is also never the one that gives way when the outbox is full. So the drops that
    are counted are exactly the events that are lost.

    Parameters
    ----------
    config
        Its bounds.
    metrics
        Counts what is dropped, and shows what waits.
    spool
        Keeps events on disk as well.
    """

    def __init__(self, config: OutboxConfig, metrics: Metrics, spool: Spool | None = None) -> None:
        self._config = config
        self._metrics = metrics
        self._spool = spool
        self._lock = threading.Lock()
        self._waiting: deque[Outgoing] = deque()
        self._flying: OrderedDict[int, Outgoing] = OrderedDict()
        self._again: deque[Outgoing] = deque()
        """Those of `_flying` that the present connection has not yet taken."""
        self._bytes = 0
        self._states: dict[str, Outgoing] = {}
        self._unsent: OrderedDict[str, None] = OrderedDict()
        self._live: deque[Outgoing] = deque()
        self._closed = False
        self._last_key = 0
        self.window = max(1, min(WINDOW, config.messages // 2))
        """Messages without acknowledgement at most: some room is left for what comes."""
        for stored in spool.load() if spool is not None else ():
            self._last_key = stored.key
            self._append(
                Outgoing(
                    stored.topic,
                    stored.payload,
                    Kind.EVENT,
                    stored.content_type,
                    born=time.monotonic() - stored.age,
                    key=stored.key,
                )
            )

    def put_event(self, event: Outgoing) -> None:
        """Take an event; when there is no room the oldest gives way."""
        with self._lock:
            if self._closed:
                self._drop("shutdown")
            elif len(event.payload) > self._config.bytes:
                self._drop("overflow")
            else:
                self._last_key += 1
                event.key = self._last_key
                if self._spool is not None:
                    self._spool.add(event.key, event.topic, event.payload, event.content_type)
                self._append(event)

    def put_state(self, state: Outgoing) -> None:
        """Take the present truth of a topic."""
        with self._lock:
            self._states[state.topic] = state
            self._unsent[state.topic] = None

    def put_live(self, message: Outgoing) -> None:
        """Take a message of the moment."""
        with self._lock:
            self._live.append(message)
            if len(self._live) > _LIVE:
                self._live.popleft()
                self._drop("overflow")

    def take(self, room: bool, live_needs_room: bool) -> Outgoing | None:
        """Return what is to be sent next, or None.

        Parameters
        ----------
        room
            Whether the broker may be sent another message that it must acknowledge.
        live_needs_room
            Whether it must acknowledge messages of the moment.
        """
        with self._lock:
            if room and self._unsent:
                state = self._states[self._unsent.popitem(last=False)[0]]
                state.sent = time.monotonic()
                return state
            if room and self._again:
                return self._again.popleft()
            if room and self._waiting:
                event = self._waiting.popleft()
                self._flying[event.key] = event
                return event
            if self._live and (room or not live_needs_room):
                return self._live.popleft()
            return None

    def done(self, message: Outgoing, refused: bool = False) -> None:
        """Forget a message: the broker has it, or never will."""
        with self._lock:
            message.refused = refused
            if refused:
                self._drop("refused")
            if message.kind is Kind.EVENT and self._flying.pop(message.key, None) is not None:
                self._remove(message)

    def lost_connection(self) -> None:
        """Have all states and unacknowledged events sent again by the next connection."""
        with self._lock:
            self._again = deque(self._flying.values())
            self._unsent = OrderedDict.fromkeys(self._states)
            for state in self._states.values():
                state.sent, state.refused = None, False
            if self._live:
                self._drop("disconnected", len(self._live))
                self._live.clear()

    def repeat_states(self, seconds: float) -> None:
        """Have states sent again that were last sent so long ago, and do not last by themselves."""
        with self._lock:
            before = time.monotonic() - seconds
            for topic, state in self._states.items():
                old = state.sent is not None and state.sent < before
                if old and not state.lasting and not state.refused:
                    self._unsent[topic] = None

    def states(self) -> list[Outgoing]:
        """Return the present truth of every topic."""
        with self._lock:
            return list(self._states.values())

    def settle(self) -> None:
        """Bring the spool up to date; called from time to time."""
        with self._lock:
            if self._spool is not None and not self._closed:
                self._spool.settle(
                    (each.key, each.topic, each.payload, each.content_type, each.waited)
                    for each in (*self._flying.values(), *self._waiting)
                )

    @property
    def events(self) -> int:
        """Events that the broker has not acknowledged."""
        with self._lock:
            return len(self._waiting) + len(self._flying)

    @property
    def empty(self) -> bool:
        """Whether nothing is to be sent, and no event waits for its acknowledgement."""
        with self._lock:
            return not (self._unsent or self._flying or self._waiting or self._live)

    def close(self) -> int:
        """Take no more events; return how many are lost, those on disk not among them."""
        with self._lock:
            if self._closed:
                return 0
            self._closed = True
            pending = self._flying.keys() | {event.key for event in self._waiting}
            left = len(pending) if self._spool is None else self._spool.close(pending)
            self._drop("shutdown", left)
            return left

    def _append(self, event: Outgoing) -> None:
        self._waiting.append(event)
        self._bytes += len(event.payload)
        while self._full() and self._waiting:
            oldest = self._waiting.popleft()
            self._drop("overflow")
            self._remove(oldest)
        self._show()

    def _full(self) -> bool:
        events = len(self._waiting) + len(self._flying)
        return events > self._config.messages or self._bytes > self._config.bytes

    def _remove(self, event: Outgoing) -> None:
        self._bytes -= len(event.payload)
        if self._spool is not None:
            self._spool.remove(event.key)
        self._show()

    def _drop(self, reason: str, messages: int = 1) -> None:
        self._metrics.mqtt_dropped.labels(reason).inc(messages)

    def _show(self) -> None:
        self._metrics.mqtt_outbox_messages.set(len(self._waiting) + len(self._flying))
        self._metrics.mqtt_outbox_bytes.set(self._bytes)
