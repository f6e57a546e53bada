"""How often somebody may be wrong about the password."""

import logging
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_network
from typing import Final

from edge.web.access.proxy import as_address

log = logging.getLogger(__name__)

_BURST: Final = 5
"""Failures in a row that anybody may have,"""

_SECONDS: Final = 15.0
"""and then one in so many seconds."""

_ADDRESSES: Final = 10_000
"""That are remembered; the longest silent are forgotten."""

_LOG_SECONDS: Final = 60.0
"""Between two lines of the log."""


class Attempts:
    """Counts failures by address: a bucket of `_BURST`, of which one comes back every `_SECONDS`.

    A success costs nothing, and forgives nothing: whoever shares an address with somebody who
    knows the password gets no more guesses for that.

    Parameters
    ----------
    clock
        Tells the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # When a bucket will be full again tells all of it.
        self._full: OrderedDict[str, float] = OrderedDict()
        self._going: Counter[tuple[str, bytes]] = Counter()
        self._failures = 0
        self._logged = -_LOG_SECONDS

    def begin(self, address: str, guess: bytes) -> float:
        """Take an attempt; return 0, or the seconds to wait if there is none left.

        It counts as a failure until `end`, so that many at the same time are no more; the same
        guess from there at the same time is one.
        """
        key, now = _key(address), self._clock()
        with self._lock:
            if self._going[key, guess]:
                self._going[key, guess] += 1
                return 0.0
            full = max(self._full.pop(key, now), now)
            allowed = full - now <= (_BURST - 1) * _SECONDS
            self._full[key] = full + _SECONDS if allowed else full
            if len(self._full) > _ADDRESSES:
                self._full.popitem(last=False)
            self._going += Counter({(key, guess): int(allowed)})  # and forgets those of nought
            return 0.0 if allowed else full - now - (_BURST - 1) * _SECONDS

    def end(self, address: str, guess: bytes, forgiven: bool) -> None:
        """Say how an attempt that `begin` allowed has ended; one that was right is given back."""
        key = _key(address)
        with self._lock:
            self._going[key, guess] -= 1
            if forgiven and not self._going[key, guess] and key in self._full:
                self._full[key] -= _SECONDS

    def failed(self, address: str) -> None:
        """Tell the log, once in a while. Not the name: people type passwords there."""
        now = self._clock()
        with self._lock:
            self._failures += 1
            if now - self._logged < _LOG_SECONDS:
                return
            count, self._failures, self._logged = self._failures, 0, now
        several = f"{count} logins" if count > 1 else "a login"
        log.warning("web: %s failed, the last from %s", several, _key(address))


def _key(address: str) -> str:
    """Return who that is: of IPv6 a network, since anybody there has 2**64 addresses."""
    known = as_address(address)
    if isinstance(known, IPv6Address) and known.scope_id is None and not known.is_loopback:
        return str(ip_network((known, 64), strict=False))
    return str(known)
