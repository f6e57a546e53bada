"""Which version of MQTT a broker speaks."""

from typing import Final

from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from edge.config.mqtt import MqttConfig
from edge.mqtt import reasons
from edge.mqtt.reasons import Failure

_HANG_UPS: Final = 2
"""So often a broker may hang up or be silent before we try the other version."""

_FIVE: Final = MQTTProtocolVersion.MQTTv5
_OLD: Final = MQTTProtocolVersion.MQTTv311


class Version:
    """Tries 5 first, and 3.1.1 with a broker that refuses that or hangs up.

    Parameters
    ----------
    config
        May demand one of them.
    """

    def __init__(self, config: MqttConfig) -> None:
        old = config.version == "3.1.1" or (config.version == "auto" and config.embedded)
        self.protocol = _OLD if old else _FIVE
        self._sure = old or config.version != "auto"
        """Whether there is no other to try."""
        self._hang_ups = 0

    @property
    def five(self) -> bool:
        """Whether it is MQTT 5."""
        return self.protocol == _FIVE

    def works(self) -> None:
        """Take in that a broker accepts us."""
        # What was found by trying out may be a broker that was in trouble: see `lost`.
        self._sure = self._sure or self.five

    def lost(self) -> None:
        """Take in that a connection ended; the broker may be another one when it is back."""
        if not self._sure:
            self.protocol = _FIVE
            self._hang_ups = _HANG_UPS - 1

    def refused(self, failure: Failure, refusal: ReasonCode | None, answered: bool) -> bool:
        """Take in that a broker did not let us in; return whether that was for the version."""
        if self._sure or failure.label == "tls":
            return False
        if refusal is not None and refusal.value == reasons.UNSUPPORTED_VERSION:
            self._sure = True
            self.protocol = _OLD
            return True
        self._hang_ups = 0 if answered else self._hang_ups + 1
        if self._hang_ups >= _HANG_UPS:
            self._hang_ups = 0
            self.protocol = _OLD if self.five else _FIVE
        return False
