"""What the box is: version, configuration, and what it can be asked for."""

from flask import Blueprint, Response, json, jsonify

import edge
from edge.config.effective import describe_config
from edge.web.api.openapi import describe_api
from edge.web.site import Site


def blueprint(site: Site) -> Blueprint:
    """Serve ``/api/version``, ``/api/config`` and ``/api/openapi.json``."""
    about = Blueprint("about", __name__, url_prefix="/api")

    @about.get("/version")
    def version() -> Response:
        return jsonify({"version": edge.__version__, "node": site.config.node})

    @about.get("/config")
    def config() -> Response:
        return jsonify(describe_config(site.config))

    @about.get("/openapi.json")
    def openapi() -> Response:
        document = json.dumps(describe_api(site.config))
        return Response(document, mimetype="application/json")

    return about
