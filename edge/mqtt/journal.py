"""What is logged of a broker: each thing once in a while."""

import logging
import math
import time
from typing import Final

_REPEAT_SECONDS: Final = 3600.0


class Journal:
    """Logs what happened, but the same thing at most once an hour."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._said: dict[str, float] = {}

    def tell(self, what: str) -> None:
        """Log what is good to know."""
        self._write(logging.INFO, what, what)

    def warn(self, what: str, about: str | None = None) -> None:
        """Log what is not as it should be; the same is what is `about` the same."""
        self._write(logging.WARNING, what, about or what)

    def clear(self) -> None:
        """Tell everything anew."""
        self._said.clear()

    def _write(self, level: int, what: str, about: str) -> None:
        now = time.monotonic()
        if now - self._said.get(about, -math.inf) > _REPEAT_SECONDS:
            self._said[about] = now
            self._log.log(level, what)
