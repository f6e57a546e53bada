"""What machines ask for: is the process alive, are the cameras, and the metrics."""

import time
from collections.abc import Iterator
from typing import Final

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.exceptions import ServiceUnavailable

from edge.capture.state import SourceState
from edge.web.problem import problem
from edge.web.site import Site

_TURN_SECONDS: Final = 30.0
"""The main loop comes round several times a second; building a pipeline takes seconds."""


def blueprint(site: Site) -> Blueprint:
    """Serve ``/healthz``, ``/readyz`` and ``/metrics``."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> Response:
        silent = time.monotonic() - site.last_turn()
        if silent > _TURN_SECONDS:
            raise ServiceUnavailable(f"the main loop has not come round for {silent:.0f} s")
        return Response("ok\n", mimetype="text/plain")

    @health.get("/readyz")
    def readyz() -> Response:
        missing = list(_missing(site))
        if missing:
            return problem(503, "; ".join(missing), missing=missing)
        return Response("ok\n", mimetype="text/plain")

    @health.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(site.registry), content_type=CONTENT_TYPE_LATEST)

    return health


def _missing(site: Site) -> Iterator[str]:
    """Say what does not work as configured; a camera that is paused is meant to rest."""
    for view in site.views.values():
        state = view.connection.state
        if state not in {SourceState.ONLINE, SourceState.ENDED} and not view.paused:
            yield f"camera {view.name} is {state.value}"
    if not site.broker_connected():
        yield f"no connection to the MQTT broker at {site.config.mqtt.host}"
