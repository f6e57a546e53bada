"""The annotated picture of a camera, as a stream and by itself."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import ServiceUnavailable

from edge.web.api.query import camera_named
from edge.web.picture.pictures import QUALITIES, WIDTHS, Variant
from edge.web.picture.view import CameraView
from edge.web.server.delivery import TAKEN
from edge.web.site import Site

RATES: Final = (1, 2, 5, 10, 15, 25)
"""Frames a second that a stream may be asked for; all that there are otherwise, to `_MOST`."""

_MOST: Final = 30
"""Nobody sees more: of a clip that is read faster, pictures would only cost what frames need."""

_BOUNDARY: Final = "frame"
_TURN_SECONDS: Final = 0.5
"""However long no picture comes: that the viewer left, or the daemon ends, is noticed."""

_REPEAT_SECONDS: Final = 5.0
"""A still picture is sent again this often, for players and proxies that give up on silence."""

_TAKE_SECONDS: Final = 30.0
"""A viewer that takes longer for one picture is hung up on."""

_RETRY_SECONDS: Final = 5


def blueprint(site: Site) -> Blueprint:
    """Serve the MJPEG streams, at most ``web.max_viewers`` at the same time, and the snapshots."""
    streams = Blueprint("streams", __name__, url_prefix="/cameras")
    seats = threading.BoundedSemaphore(site.config.web.max_viewers)

    def current(name: str) -> CameraView | None:
        view = site.views.get(name)
        return view if view is not None and view.shows_pictures else None

    def shown(name: str) -> CameraView:
        view = camera_named(site, name)
        if not view.shows_pictures:
            abort(403, f"{name} shows no pictures: privacy.mode")
        return view

    @streams.get("/<name>/stream.mjpg")
    def stream(name: str) -> Response:
        shown(name)
        variant, rate = _variant(), _one_of("fps", RATES)
        response = Response(iter(()), mimetype=f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"  # nginx would hold pictures back
        if request.method == "HEAD":
            return response
        if not seats.acquire(blocking=False):
            told = (
                f"{site.config.web.max_viewers} streams are being watched already, "
                "as many as web.max_viewers allows"
            )
            raise ServiceUnavailable(told, retry_after=_RETRY_SECONDS)
        response.call_on_close(seats.release)
        taken = request.environ.get(TAKEN, lambda _: True)
        gone = request.environ.get("waitress.client_disconnected", lambda: False)
        response.response = _parts(
            lambda: current(name),
            variant,
            rate or _MOST,
            lambda: not gone() and taken(_TAKE_SECONDS),
            site.stop,
        )
        return response

    @streams.get("/<name>/snapshot.jpg")
    def snapshot(name: str) -> Response:
        view, variant = shown(name), _variant()
        picture = view.pictures.newest
        if picture is None:
            told = f"{name} has given no picture yet"
            raise ServiceUnavailable(told, retry_after=_RETRY_SECONDS)
        tag = picture.tag(variant)
        if request.if_none_match.contains_weak(tag):
            response = Response(status=304)
        else:
            response = Response(picture.jpeg(variant), mimetype="image/jpeg")
        response.set_etag(tag)
        response.headers["Cache-Control"] = "private, no-cache"
        return response

    return streams


def _variant() -> Variant:
    return Variant(_one_of("width", WIDTHS), _one_of("quality", QUALITIES))


def _one_of(name: str, allowed: tuple[int, ...]) -> int | None:
    """Return a query parameter; end the request with 400 where it is none of those allowed."""
    text = request.args.get(name)
    if text is None:
        return None
    if text not in map(str, allowed):
        abort(400, f"{name} is one of {', '.join(map(str, allowed))}")
    return int(text)


def _parts(
    current: Callable[[], CameraView | None],
    variant: Variant,
    rate: int,
    taken: Callable[[], bool],
    stop: threading.Event,
) -> Iterator[bytes]:
    """Give the newest picture whenever the viewer has taken the one before.

    The boundary goes out behind a picture and not before the next: browsers show a picture when
    they see it. Where a reload began the camera anew, the pictures are those of the new one.
    """
    boundary = f"--{_BOUNDARY}\r\n".encode()
    yield boundary
    version, sent = 0, 0.0
    while (view := current()) is not None and taken() and not stop.is_set():
        with view.viewer():
            while current() is view and taken() and not stop.is_set():
                picture = view.pictures.wait(version, _TURN_SECONDS)
                if picture is None and version and time.monotonic() - sent > _REPEAT_SECONDS:
                    picture = view.pictures.newest
                if picture is None:
                    continue
                version, sent = picture.version, time.monotonic()
                data = picture.jpeg(variant)
                header = f"Content-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                yield b"".join((header.encode(), data, b"\r\n", boundary))
                # All who want this rate wait for the same moments, and share the pictures.
                stop.wait(1 / rate - time.monotonic() % (1 / rate))
