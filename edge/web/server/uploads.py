"""Who may send a large body at present."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edge.web.server.channel import Channel

_SEATS: Final = 4
"""Nobody has looked yet whether the sender may send anything at all, and waitress keeps what comes
in memory and ``/tmp``."""

_SEAT_SECONDS: Final = 10.0
"""After this time who still sends makes room for who waits."""


class Uploads:
    """Seats for connections that send a large body; for the server's loop only."""

    def __init__(self) -> None:
        self._since: dict[Channel, float] = {}  # the longest first

    def admit(self, channel: "Channel", now: float) -> bool:
        """Return whether a connection has a seat; hang up on another for it, if it must be."""
        if channel in self._since:
            return True
        if len(self._since) >= _SEATS and not self._clear(now):
            return False
        self._since[channel] = now
        return True

    def leave(self, channel: "Channel") -> None:
        """Free the seat of a connection, if it has one."""
        self._since.pop(channel, None)

    def _clear(self, now: float) -> bool:
        for channel, since in self._since.items():
            # One that has sent all of it is being answered.
            if now - since > _SEAT_SECONDS and channel.request is not None:
                channel.hang_up()
                self.leave(channel)
                return True
        return False
