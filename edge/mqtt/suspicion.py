"""Finds the message that a broker hangs up on, or never acknowledges, and does not say so."""

from typing import Final

from edge.mqtt.outgoing import Outgoing

_ENDS: Final = 3
"""So many connections must end with a message alone on its way, of a broker that is well."""


class Suspicion:
    """Suspects one message at a time, and tries it alone.

    Each connection begins with a probe, a small message that this broker knows. Only when that was
    acknowledged is the suspect sent, and nothing else; only then does it speak against the suspect
    that the connection ends. A broker that takes nothing at all proves nothing.
    """

    def __init__(self) -> None:
        self.message: Outgoing | None = None
        self._ends = 0
        self.new_connection()

    def new_connection(self) -> None:
        """Begin with a probe again."""
        self._probe: Outgoing | None = None
        self._well = False
        self._taken = False

    @property
    def wants_probe(self) -> bool:
        """Whether the probe is to be sent."""
        return self._probe is None

    @property
    def wants_message(self) -> bool:
        """Whether the suspect is to be sent."""
        return self._well and not self._taken

    def probe(self, message: Outgoing) -> Outgoing:
        """Take what is sent as the probe."""
        self._probe = message
        return message

    def take(self, message: Outgoing) -> Outgoing:
        """Take what is sent as the suspect: of a state it may be a newer one."""
        self.message, self._taken = message, True
        return message

    def accuse(self, message: Outgoing) -> bool:
        """Take in that a connection ended with `message` first in flight.

        Returns
        -------
        bool
            Whether it is to be given up.
        """
        if self.message is None:
            self.message, self._ends = message, 0
        elif message is self.message and self._taken:
            self._ends += 1
        return self._ends >= _ENDS

    def done(self, message: Outgoing) -> None:
        """Take in that the broker has a message, or never will."""
        if message is self.message:
            self.message = None
        if message is self._probe:
            self._well = True
