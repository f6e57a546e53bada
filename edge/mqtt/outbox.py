"""What waits to go out: events in order and bounded, of each state the newest."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from edge.config.mqtt import OutboxConfig
from edge.metrics import Metrics
from edge.mqtt.outgoing import LIVE, WINDOW, Kind, Outgoing
from edge.mqtt.spool import Pending, Spool
from edge.mqtt.suspicion import Suspicion

_HELD_SECONDS: Final = 3600.0
"""A state that a broker hangs up on is tried again after this."""


class Outbox:
    """Keeps messages until the broker has them; every method may be called from any thread.

    An event leaves when the broker has acknowledged it, or with QoS 0 when it was handed to the
    system. What a connection took with it, and was not acknowledged when that ended, is sent again
    first: it may have arrived, but perhaps it has not, and so it is also never the one that gives
    way when the outbox is full. So with QoS 1 the drops that are counted are exactly the events
    that are lost; with QoS 0 those on the way when a connection ends are lost uncounted.

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
        self._flying: dict[int, Outgoing] = {}
        self._again: deque[Outgoing] = deque()
        """Those of `_flying` that the present connection has not yet taken."""
        self._bytes = 0
        self._states: dict[str, Outgoing] = {}
        self._unsent: dict[str, None] = {}
        self._live: dict[Kind, deque[Outgoing]] = {kind: deque() for kind in LIVE}
        self._suspicion = Suspicion()
        self._held: dict[str, tuple[int, float]] = {}
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
        metrics.mqtt_outbox_messages.set_function(lambda: len(self._waiting) + len(self._flying))
        metrics.mqtt_outbox_bytes.set_function(lambda: self._bytes)

    def put_event(self, event: Outgoing) -> None:
        """Take an event.

        When there is no room the oldest gives way that no connection has taken: that is the new
        one itself, if all others are on their way.
        """
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
            if not self._is_held(state):
                self._unsent[state.topic] = None

    def put_live(self, message: Outgoing) -> None:
        """Take a message of the moment; when too many wait the oldest gives way."""
        with self._lock:
            queue = self._live[message.kind]
            queue.append(message)
            if len(queue) > LIVE[message.kind]:
                queue.popleft()
                self._drop("overflow")

    def take(self, room: bool, faces_need_room: bool) -> Outgoing | None:
        """Return what is to be sent next, or None.

        Parameters
        ----------
        room
            Whether the broker may be sent another message that it must acknowledge.
        faces_need_room
            Whether it must acknowledge present faces.
        """
        with self._lock:
            if self._suspicion.message is not None:
                return self._take_suspect()
            return self._next(room, faces_need_room)

    def done(self, message: Outgoing, refused: bool = False) -> None:
        """Forget a message: the broker has it, or never will."""
        with self._lock:
            self._forget(message, refused)

    def lost_connection(
        self, unfinished: Iterable[Outgoing] = (), suspect: Outgoing | None = None
    ) -> Outgoing | None:
        """Have all states and unacknowledged events sent again by the next connection.

        Parameters
        ----------
        unfinished
            What the connection took, and the broker did not acknowledge.
        suspect
            The first of them, if the connection may have ended for it. The next ones send it
            alone, to a broker that is well; after three it is given up, a state for an hour.

        Returns
        -------
        Outgoing or None
            What was given up just now.
        """
        with self._lock:
            for state in self._states.values():
                state.sent, state.refused = None, False
            given_up = None
            if suspect is not None and self._may_be_guilty(suspect):
                given_up = suspect if self._suspicion.accuse(suspect) else None
            if given_up is not None:
                self._forget(given_up, refused=True)
                if given_up.kind is Kind.STATE:
                    until = time.monotonic() + _HELD_SECONDS
                    self._held[given_up.topic] = len(given_up.payload), until
            self._suspicion.new_connection()
            self._again = deque(
                event for event in self._flying.values() if event is not self._suspicion.message
            )
            self._unsent = {
                topic: None for topic, state in self._states.items() if not self._is_held(state)
            }
            lost = sum(message.kind in LIVE for message in unfinished)
            for queue in self._live.values():
                lost += len(queue)
                queue.clear()
            self._drop("disconnected", lost)
            return given_up

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

    def forget(self, topic: str, unless: Callable[[bytes], bool]) -> int:
        """Drop the waiting events of a topic but for certain payloads; return how many."""
        with self._lock:
            gone = [e for e in self._waiting if e.topic == topic and not unless(e.payload)]
            for event in gone:
                self._waiting.remove(event)
                self._remove(event)
            self._drop("privacy", len(gone))
            return len(gone)

    def settle(self) -> None:
        """Bring the spool up to date; called from time to time."""
        with self._lock:
            if self._spool is not None and not self._closed:
                self._spool.settle(self._pending())

    @property
    def empty(self) -> bool:
        """Whether nothing is to be sent, and no event waits for its acknowledgement."""
        with self._lock:
            live = any(self._live.values())
            return not (self._unsent or self._flying or self._waiting or live)

    def close(self) -> int:
        """Take no more events; return how many are lost, those on disk not among them."""
        with self._lock:
            if self._closed:
                return 0
            self._closed = True
            pending = list(self._pending())
            left = len(pending) if self._spool is None else self._spool.close(pending)
            self._drop("shutdown", left)
            return left

    def _next(self, room: bool, faces_need_room: bool) -> Outgoing | None:
        if room and self._unsent:
            return self._take_state(next(iter(self._unsent)))
        if room and self._again:
            return self._again.popleft()
        if room and self._waiting:
            event = self._waiting.popleft()
            self._flying[event.key] = event
            return event
        faces, pictures = self._live[Kind.FACES], self._live[Kind.SNAPSHOT]
        if faces and (room or not faces_need_room):
            return faces.popleft()
        return pictures.popleft() if pictures else None

    def _take_state(self, topic: str) -> Outgoing:
        self._unsent.pop(topic, None)
        state = self._states[topic]
        state.sent = time.monotonic()
        return state

    def _take_suspect(self) -> Outgoing | None:
        """Return the probe, then the suspect, of a state the newest, and then nothing."""
        suspect = self._suspicion.message
        if self._suspicion.wants_probe:
            return self._suspicion.probe(self._take_state(self._birth))
        if suspect is None or not self._suspicion.wants_message:
            return None
        newest = suspect if suspect.kind is Kind.EVENT else self._take_state(suspect.topic)
        return self._suspicion.take(newest)

    @property
    def _birth(self) -> str:
        """The topic of the first state of all, which tells that we are there."""
        return next(iter(self._states))

    def _is_held(self, state: Outgoing) -> bool:
        """Return whether a state of this topic, no larger, was given up not long ago."""
        size, until = self._held.get(state.topic, (0, 0.0))
        return len(state.payload) >= size and time.monotonic() < until

    def _may_be_guilty(self, message: Outgoing) -> bool:
        return bool(self._states) and message.kind not in LIVE and message.topic != self._birth

    def _forget(self, message: Outgoing, refused: bool) -> None:
        self._suspicion.done(message)
        message.refused = refused
        if refused:
            self._drop("refused")
        if message.kind is Kind.EVENT and self._flying.pop(message.key, None) is not None:
            self._remove(message)

    def _pending(self) -> Iterable[Pending]:
        for each in (*self._flying.values(), *self._waiting):
            yield each.key, each.topic, each.payload, each.content_type, each.waited

    def _append(self, event: Outgoing) -> None:
        self._waiting.append(event)
        self._bytes += len(event.payload)
        while self._full() and self._waiting:
            self._drop("overflow")
            self._remove(self._waiting.popleft())

    def _full(self) -> bool:
        events = len(self._waiting) + len(self._flying)
        return events > self._config.messages or self._bytes > self._config.bytes

    def _remove(self, event: Outgoing) -> None:
        self._bytes -= len(event.payload)
        if self._spool is not None:
            self._spool.remove(event.key)

    def _drop(self, reason: str, messages: int = 1) -> None:
        self._metrics.mqtt_dropped.labels(reason).inc(messages)
