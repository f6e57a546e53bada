"""What MQTT 5 says beside a message: its type, how long it holds, and whose it is."""

from typing import Final

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

import edge
from edge.mqtt.outgoing import LIVE, WINDOW, Kind, Outgoing

LIVE_EXPIRY_SECONDS: Final = 5
STATE_EXPIRY_SECONDS: Final = 60
STATE_REPEAT_SECONDS: Final = 20
"""What holds while we say so is said again that often, and so outlives us by a minute at most."""

PACKET: Final = 1_000_000
"""Nobody needs to send us more in one packet."""


class Stamps:
    """Makes the properties of messages.

    Parameters
    ----------
    node
        The box's name.
    event_seconds
        How long an event is worth keeping, from when it was published.
    """

    def __init__(self, node: str, event_seconds: int) -> None:
        self._user = [("version", edge.__version__), ("node", node)]
        self._event_seconds = event_seconds
        # paho takes as long to make them as to send the whole message: they are used again.
        self._made: dict[tuple[str | None, bool], Properties] = {}

    def of(self, message: Outgoing) -> Properties:
        """Return the properties of a message, until the next call."""
        expiry = self._expiry(message)
        key = message.content_type, expiry is None
        if key not in self._made:
            self._made[key] = Properties(PacketTypes.PUBLISH)
            self._made[key].UserProperty = self._user
            if message.content_type is not None:
                self._made[key].ContentType = message.content_type
        if expiry is not None:
            self._made[key].MessageExpiryInterval = expiry
        return self._made[key]

    def of_will(self, message: Outgoing) -> Properties:
        """Return the properties of a last will."""
        properties = Properties(PacketTypes.WILLMESSAGE)
        properties.UserProperty = self._user
        if message.content_type is not None:
            properties.ContentType = message.content_type
        return properties

    def of_connect(self) -> Properties:
        """Return the properties of a CONNECT: the session ends with the connection."""
        properties = Properties(PacketTypes.CONNECT)
        properties.ReceiveMaximum = WINDOW
        properties.MaximumPacketSize = PACKET
        properties.UserProperty = self._user
        return properties

    def _expiry(self, message: Outgoing) -> int | None:
        if message.kind is Kind.EVENT:
            return max(1, self._event_seconds - int(message.waited))
        if message.kind in LIVE:
            return LIVE_EXPIRY_SECONDS
        return None if message.lasting else STATE_EXPIRY_SECONDS
