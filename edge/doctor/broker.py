"""Whether the broker lets the box in, with the login and the certificates that it has."""

import threading
from collections.abc import Iterator
from functools import partial
from typing import Final

from edge.config import Config
from edge.doctor.finding import Check, Finding, error, good
from edge.mqtt.visit import Visit, VisitRefused
from edge.port import port_fault

_SECONDS: Final = 25.0
_ADVICE: Final = "section mqtt of config.yaml says where and who; the broker's own log says more"


def checks(config: Config) -> Iterator[Check]:
    """Give what to look at."""
    yield Check("broker", partial(_look, config), _SECONDS, _ADVICE)


def _look(config: Config, _: threading.Event) -> Iterator[Finding]:
    mqtt = config.mqtt
    if mqtt.embedded and port_fault(mqtt.listen, mqtt.port) is None:
        yield good("embedded: it begins with the daemon")
        return
    versions = {"5": (True,), "3.1.1": (False,)}.get(mqtt.version, (True, False))
    for number, five in enumerate(versions, 1):
        visit = Visit(config, "doctor", five)
        try:
            visit.open()
        except VisitRefused as refusal:
            if number < len(versions) and refusal.for_version:
                continue
            yield error(str(refusal), _ADVICE)
        else:
            who = "without a login" if mqtt.username is None else f"the user {mqtt.username}"
            how = "MQTT 5" if five else "MQTT 3.1.1"
            safe = "" if mqtt.tls is None else ", encrypted and with a trusted certificate"
            yield good(f"{mqtt.host}:{mqtt.port} lets {who} in: {how}{safe}")
        finally:
            visit.close()
        return
