"""A bounded queue between two stages, with a policy for when it is full."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Generic, TypeVar

Item = TypeVar("Item")

_WAIT_SECONDS = 0.2


class Overflow(Enum):
    """What a full channel does with one more item."""

    WAIT = "wait"
    """The sender waits: every item is processed (files)."""
    DROP_OLDEST = "drop oldest"
    """The oldest item makes room and is counted: what is processed is fresh (cameras)."""


class Closed(Exception):
    """The channel takes no more items, or will give no more."""


class Channel(Generic[Item]):
    """First in, first out, for any number of senders and receivers.

    Parameters
    ----------
    capacity
        Items it holds at most, at least 1.
    overflow
        What happens to an item too many.
    on_drop
        Called for every item that was dropped, on the sender's thread.
    """

    def __init__(
        self,
        capacity: int,
        overflow: Overflow = Overflow.WAIT,
        on_drop: Callable[[Item], None] = lambda _: None,
    ) -> None:
        if capacity < 1:
            raise ValueError(f"a channel holds at least one item, not {capacity}")
        self._items: deque[Item] = deque()
        self._capacity = capacity
        self._overflow = overflow
        self._on_drop = on_drop
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        """Add `item`.

        Raises
        ------
        Closed
            If the channel is closed, also while waiting for room.
        """
        dropped: list[Item] = []
        with self._changed:
            while not self._closed and len(self._items) >= self._capacity:
                if self._overflow is Overflow.DROP_OLDEST:
                    dropped.append(self._items.popleft())
                else:
                    self._changed.wait(_WAIT_SECONDS)
            if self._closed:
                raise Closed
            self._items.append(item)
            self._changed.notify_all()
        for old in dropped:
            self._on_drop(old)

    def get(self, timeout: float) -> Item | None:
        """Take the oldest item, or return None after `timeout` seconds without one.

        Raises
        ------
        Closed
            If the channel is closed and empty.
        """
        with self._changed:
            if not self._items and not self._closed:
                self._changed.wait(timeout)
            if self._items:
                item = self._items.popleft()
                self._changed.notify_all()
                return item
            if self._closed:
                raise Closed
            return None

    def close(self) -> None:
        """Take no more items; those inside can still be taken out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Item]:
        """Give every item until the channel is closed and empty."""
        while True:
            try:
                item = self.get(_WAIT_SECONDS)
            except Closed:
                return
            if item is not None:
                yield item
