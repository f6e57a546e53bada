"""Whether the ports are free, or edge-fer's own."""

import errno
import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Final

from edge.config import Config, WebConfig
from edge.doctor.finding import Check, Finding, error, good
from edge.port import port_fault

_SECONDS: Final = 3.0

_ADVICE: Final = {
    errno.EACCES: "ports below 1024 need AmbientCapabilities=CAP_NET_BIND_SERVICE: take a higher",
    errno.EADDRNOTAVAIL: "name an address of this box, or 0.0.0.0 for all",
}
"""By why one cannot listen, where it is not that somebody else does."""


def checks(config: Config) -> Iterator[Check]:
    """Give what to look at."""
    web, mqtt = config.web, config.mqtt
    yield Check("web port", partial(_look, "web.port", web.host, web.port, web))
    if mqtt.embedded:
        yield Check("broker port", partial(_look, "mqtt.port", mqtt.listen, mqtt.port, web))


def _look(key: str, host: str, port: int, web: WebConfig, _: threading.Event) -> Iterator[Finding]:
    fault = port_fault(host, port)
    if fault is None:
        yield good(f"{host}:{port} is free; edge-fer does not run, or not with this configuration")
    elif fault.errno != errno.EADDRINUSE:
        advice = _ADVICE.get(fault.errno or 0, f"set {key} to another one")
        yield error(f"cannot listen on {host}:{port}: {fault.strerror}", advice)
    elif daemon_answers(web):
        if key == "web.port":
            yield good(f"{host}:{port} is edge-fer's own: it runs")
        else:  # that it is the daemon who listens here, the web port does not prove
            yield good(f"{host}:{port} is taken, and edge-fer runs: see the line broker")
    else:
        yield error(
            f"{host}:{port} is taken by another program",
            f"ss -ltnp 'sport = :{port}' as root names it; end that, or set {key} to a free port",
        )


def daemon_answers(web: WebConfig) -> bool:
    """Return whether what listens on the web port answers as edge-fer does."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(web.host, web.host)  # noqa: S104 - compared
    if web.tls is None:
        connection = http.client.HTTPConnection(host, web.port, timeout=_SECONDS)
    else:
        # The certificate is for the names that others know the box by.
        blind = ssl.create_default_context()
        blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, web.port, timeout=_SECONDS, context=blind)
    with closing(connection):
        try:
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            body = answer.read(100)
        except (OSError, http.client.HTTPException):
            return False
    return body == b"ok\n" or b"main loop" in body
