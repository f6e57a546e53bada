"""The JSON API."""

from flask import Blueprint, Response, abort, jsonify, request

import edge
from edge.web.site import Site
from edge.web.state import describe_box
from edge.web.view import CameraView


def blueprint(site: Site) -> Blueprint:
    """Serve ``/api`` but for what goes on for ever."""
    api = Blueprint("api", __name__, url_prefix="/api")

    def camera_named(name: str) -> CameraView:
        if name not in site.views:
            abort(404, f"no camera named {name}")
        return site.views[name]

    @api.get("/version")
    def version() -> Response:
        return jsonify({"version": edge.__version__, "node": site.config.node})

    @api.get("/state")
    def state() -> Response:
        return jsonify(describe_box(site))

    @api.get("/cameras")
    def cameras() -> Response:
        return jsonify([view.describe() for view in site.views.values()])

    @api.get("/cameras/<name>")
    def camera(name: str) -> Response:
        return jsonify(camera_named(name).describe())

    @api.get("/cameras/<name>/timeline")
    def timeline(name: str) -> Response:
        return jsonify(camera_named(name).timeline.describe())

    @api.post("/cameras/<name>/control")
    def control(name: str) -> Response:
        view = camera_named(name)
        given = request.get_json()
        try:
            view.obey(given["command"] if isinstance(given, dict) else "")
        except (KeyError, ValueError) as error:
            abort(422, str(error))
        return jsonify(view.describe())

    @api.get("/events/history")
    def history() -> Response:
        events = site.events.after(0, request.args.get("camera"))
        body = ",".join(event.json for event in events)
        return Response(f'{{"events":[{body}]}}', mimetype="application/json")

    return api
