"""The cameras and their switches, as JSON."""

import logging
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request
from pydantic import ValidationError

from edge.web.api.answers import Command
from edge.web.api.query import camera_named
from edge.web.api.state import BoxState
from edge.web.site import Site

log = logging.getLogger(__name__)


def blueprint(site: Site, state: BoxState) -> Blueprint:
    """Serve ``/api/state`` and ``/api/cameras``."""
    api = Blueprint("api", __name__, url_prefix="/api")

    @api.get("/state")
    def whole() -> Response:
        return jsonify(state.box())

    @api.get("/cameras")
    def cameras() -> Response:
        return jsonify([state.camera(view) for view in site.views.values()])

    @api.get("/cameras/<name>")
    def camera(name: str) -> Response:
        return jsonify(state.camera(camera_named(site, name)))

    @api.get("/cameras/<name>/timeline")
    def timeline(name: str) -> Response:
        return jsonify(camera_named(site, name).timeline.describe())

    @api.post("/cameras/<name>/control")
    def control(name: str) -> Response:
        view = camera_named(site, name)
        command = _command()
        view.obey(command)
        log.info("%s: %s, by the page or the API, from %s", name, command, request.remote_addr)
        return jsonify(state.camera(view))

    return api


def _command() -> str:
    """Return the command in the request's body, or end the request."""
    if not request.is_json:
        abort(415, 'send JSON such as {"command": "pause"}')
    try:
        return Command.model_validate_json(request.get_data()).command
    except ValidationError as error:
        fault: Any = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        abort(422, f"{where}: {fault['msg']}" if where else fault["msg"])
