"""The Flask application."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final

from flask import Flask, Response, abort, jsonify, render_template
from flask.json.provider import DefaultJSONProvider
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from edge.annotate import COLOURS
from edge.web.view import CameraView

_BOUNDARY: Final = "frame"
_REPEAT_SECONDS: Final = 5.0
"""A still picture is sent again this often, so that a viewer who left is noticed."""


def create_app(
    node: str,
    views: Mapping[str, CameraView],
    registry: CollectorRegistry,
    stop: threading.Event,
    max_viewers: int,
) -> Flask:
    """Build the application.

    Parameters
    ----------
    node
        The box's name.
    views
        The cameras by name.
    registry
        What ``/metrics`` shows.
    stop
        Ends the streams.
    max_viewers
        Streams at the same time, of all cameras together; one more gets a 503.
    """
    app = Flask(__name__)
    app.json = _InOrder(app)
    seats = threading.BoundedSemaphore(max_viewers)

    @app.get("/")
    def page() -> str:
        colours = {
            emotion: "#{2:02x}{1:02x}{0:02x}".format(*colour) for emotion, colour in COLOURS.items()
        }
        return render_template("index.html", node=node, cameras=list(views), colours=colours)

    @app.get("/api/cameras")
    def cameras() -> Response:
        return jsonify([_describe(view) for view in views.values()])

    @app.get("/cameras/<name>/stream.mjpg")
    def stream(name: str) -> Response:
        view = views.get(name)
        if view is None:
            abort(404, f"no camera named {name}")
        if not view.shows_pictures:
            abort(403, f"{name} shows no pictures: privacy.mode")
        if not seats.acquire(blocking=False):
            abort(503, f"{max_viewers} streams are being watched already")
        response = Response(
            _parts(view, stop), mimetype=f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
        )
        response.headers["Cache-Control"] = "no-store"
        response.call_on_close(seats.release)
        return response

    @app.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", mimetype="text/plain")

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return app


class _InOrder(DefaultJSONProvider):
    """Keeps emotions in FER-2013 order, not in the alphabet's."""

    sort_keys = False


def _describe(view: CameraView) -> dict[str, Any]:
    now = view.connection
    return {
        "name": view.name,
        "status": now.state.value,
        "fps": round(view.fps, 1),
        "picture": view.has_picture,
        "paused": view.switches.paused,
        "detector": view.switches.detector,
        "labels": view.labels,
        "faces": view.faces,
        "connection": now.describe(),
    }


def _parts(view: CameraView, stop: threading.Event) -> Iterator[bytes]:
    version, data, quiet = 0, b"", 0.0
    with view.viewer():
        while not stop.is_set():
            shown = view.jpeg(after=version, timeout=0.5)
            quiet = quiet + 0.5 if shown is None else 0.0
            if shown is not None:
                version, data = shown
            elif quiet < _REPEAT_SECONDS or not data:
                continue
            quiet = 0.0
            header = (
                f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            )
            yield header.encode() + data + b"\r\n"
