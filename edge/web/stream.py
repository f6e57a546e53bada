"""The annotated picture of a camera, as a stream."""

import threading
from collections.abc import Iterator
from typing import Final

from flask import Blueprint, Response, abort

from edge.web.site import Site
from edge.web.view import CameraView

_BOUNDARY: Final = "frame"
_REPEAT_SECONDS: Final = 5.0
"""A still picture is sent again this often, so that a viewer who left is noticed."""


def blueprint(site: Site) -> Blueprint:
    """Serve the MJPEG streams, at most ``web.max_viewers`` at the same time."""
    streams = Blueprint("streams", __name__, url_prefix="/cameras")
    seats = threading.BoundedSemaphore(site.config.web.max_viewers)

    @streams.get("/<name>/stream.mjpg")
    def stream(name: str) -> Response:
        view = site.views.get(name)
        if view is None:
            abort(404, f"no camera named {name}")
        if not view.shows_pictures:
            abort(403, f"{name} shows no pictures: privacy.mode")
        if not seats.acquire(blocking=False):
            abort(503, f"{site.config.web.max_viewers} streams are being watched already")
        response = Response(
            _parts(view, site.stop), mimetype=f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
        )
        response.headers["Cache-Control"] = "no-store"
        response.call_on_close(seats.release)
        return response

    return streams


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
