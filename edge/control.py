"""What a user may switch while the daemon runs: a camera paused, its detector off."""

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
    """A camera's switches; they outlive its pipelines. Any thread may look and command.

    Parameters
    ----------
    on_change
        Called after every command, with how the switches stand.
    """

    def __init__(self, on_change: Callable[[Switches], None] = lambda _: None) -> None:
        self._on_change = on_change
        self.switches = Switches()

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
        self.switches = replace(self.switches, **COMMANDS[command])
        self._on_change(self.switches)
