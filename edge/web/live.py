"""Server-sent events: the state of the box as it changes, and every event."""

from collections.abc import Iterator
from typing import Final

from flask import Blueprint, Response, json, request

from edge.web.site import Site
from edge.web.state import describe_box

_STATE_SECONDS: Final = 0.5


def blueprint(site: Site) -> Blueprint:
    """Serve ``/api/events``."""
    live = Blueprint("live", __name__, url_prefix="/api")

    @live.get("/events")
    def events() -> Response:
        last = request.headers.get("Last-Event-ID", "")
        since = int(last) if last.isascii() and last.isdigit() else site.events.last
        response = Response(_messages(site, since), mimetype="text/event-stream")
        response.headers["Cache-Control"] = "no-store"
        return response

    return live


def _messages(site: Site, last: int) -> Iterator[str]:
    """Give a ``state`` message twice a second, and an ``event`` message for every event."""
    yield "retry: 2000\n\n"
    while not site.stop.is_set():
        yield f"event: state\ndata: {json.dumps(describe_box(site))}\n\n"
        if site.events.wait(last, _STATE_SECONDS):
            for event in site.events.after(last):
                last = event.id
                yield f"id: {event.id}\nevent: event\ndata: {event.json}\n\n"
            site.stop.wait(_STATE_SECONDS)
