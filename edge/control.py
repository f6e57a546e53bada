"""What a user may switch while the daemon runs: a camera paused, its detector off."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Switches:
    """How a camera's switches stand.

    `paused`: frames are fetched, but not looked at nor shown. `detector`: faces are looked for.
    """

    paused: bool = False
    detector: bool = True


COMMANDS: Final = {
    "pause": {"paused": True},
    "resume": {"paused": False},
    "detector on": {"detector": True},
    "detector off": {"detector": False},
}
"""What may be sent to ``<camera>/set``."""


class CameraControl:
    """A camera's switches; they outlive its pipelines. Any thread may look and command."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Callable[[Switches], None]] = []
        self.switches = Switches()
        """How they stand."""

    def listen(self, listener: Callable[[Switches], None]) -> None:
        """Have `listener` called after every command, in the order of these calls."""
        self._listeners.append(listener)

    @property
    def paused(self) -> bool:
        """Whether frames are not to be looked at."""
        return self.switches.paused

    def obey(self, command: str) -> None:
        """Carry out one of `COMMANDS`.

        Raises
        ------
        ValueError
            If it is none of them.
        """
        if command not in COMMANDS:
            raise ValueError(f"no such command: send one of {', '.join(COMMANDS)}")
        with self._lock:
            self.switches = replace(self.switches, **COMMANDS[command])
        for listener in self._listeners:
            listener(self.switches)
