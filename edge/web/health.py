"""What machines ask for: is the process alive, are the cameras, and the metrics."""

import time
from typing import Final

from flask import Blueprint, Response, abort
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

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
            abort(503, f"the main loop has not come round for {silent:.0f} s")
        return Response("ok\n", mimetype="text/plain")

    @health.get("/readyz")
    def readyz() -> Response:
        missing = [
            f"camera {view.name} is {view.connection.state.value}"
            for view in site.views.values()
            if view.connection.state.value not in {"online", "ended"}
        ]
        if not site.broker_connected():
            missing.append("no connection to the MQTT broker")
        if missing:
            abort(503, "; ".join(missing))
        return Response("ok\n", mimetype="text/plain")

    @health.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(site.registry), content_type=CONTENT_TYPE_LATEST)

    return health
