"""A connection to the broker for one question, beside the daemon's own."""

import threading
import time
from collections.abc import Callable
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from edge.config import Config
from edge.errors import EdgeFerError
from edge.mqtt import reasons
from edge.mqtt.tls import make_context

_CONNECT_SECONDS: Final = 5.0

ANSWER_SECONDS: Final = 10.0
"""For an answer of the broker's."""


class VisitRefused(EdgeFerError):
    """The broker does not let us in.

    Parameters
    ----------
    message
        Why.
    for_version
        Whether it is for the version of MQTT, so that another one may do.
    """

    def __init__(self, message: str, for_version: bool = False) -> None:
        super().__init__(message)
        self.for_version = for_version


class Visit:
    """Connects as the daemon does, but under another name and without a last will.

    Parameters
    ----------
    config
        Says which broker, and which node.
    purpose
        Ends the client's name: the daemon's own would push its connection out.
    five
        Whether to speak MQTT 5.
    """

    def __init__(self, config: Config, purpose: str, five: bool) -> None:
        mqtt = config.mqtt
        self._address = (mqtt.host, mqtt.port)
        self.name = f"the broker {mqtt.host}:{mqtt.port}"
        """What to call the broker."""
        self.user = "edge-fer" if mqtt.username is None else f"the user {mqtt.username}"
        """What to call who asks."""
        self.changed = threading.Condition()
        """Is notified of whatever comes."""
        self._embedded = mqtt.embedded
        self._answer: ReasonCode | None = None
        self._lost = False
        self.client = client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"edge-fer-{config.node}-{purpose}",
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = _CONNECT_SECONDS
        if mqtt.tls is not None:
            client.tls_set_context(make_context(mqtt.tls, config.folder))
        if mqtt.username is not None:
            password = mqtt.password.get_secret_value() if mqtt.password else None
            client.username_pw_set(mqtt.username, password)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect

    def open(self) -> None:
        """Connect, and log in.

        Raises
        ------
        EdgeFerError
            If the broker cannot be reached, does not answer, or refuses.
        """
        try:
            self.client.connect(*self._address)
        except (OSError, UnicodeError) as error:
            raise VisitRefused(self._unreachable(error)) from None
        self.client.loop_start()
        deadline = time.monotonic() + ANSWER_SECONDS
        # An old broker hangs up on a version that it does not know.
        with self.changed:
            self.changed.wait_for(
                lambda: self._answer is not None or self._lost, deadline - time.monotonic()
            )
        if self._answer is None:
            raise VisitRefused(
                f"{self.name} does not answer in MQTT: check mqtt.port and mqtt.tls", self._lost
            )
        if self._answer.is_failure:
            raise VisitRefused(
                f"{self.name} {reasons.of_refusal(self._answer).words}",
                self._answer.value == reasons.UNSUPPORTED_VERSION,
            )

    def _unreachable(self, error: OSError | UnicodeError) -> str:
        if self._embedded:
            return "the embedded broker does not run"
        return f"{self.name} {reasons.of_error(error).words}"

    def close(self) -> None:
        """Disconnect."""
        self.client.disconnect()
        self.client.loop_stop()

    def wait(self, happened: Callable[[], bool], deadline: float) -> None:
        """Wait until something has happened, or for the monotonic time `deadline`.

        Raises
        ------
        EdgeFerError
            If the connection ends before.
        """
        with self.changed:
            self.changed.wait_for(
                lambda: happened() or self._lost, max(0.0, deadline - time.monotonic())
            )
            if self._lost and not happened():
                raise EdgeFerError(f"{self.name} ended the connection")

    def _on_connect(
        self, _client: object, _data: object, _flags: object, reason: ReasonCode, _props: object
    ) -> None:
        with self.changed:
            self._answer = reason
            self.changed.notify_all()

    def _on_disconnect(self, *_: object) -> None:
        with self.changed:
            self._lost = True
            self.changed.notify_all()
