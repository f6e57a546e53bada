"""Events: as they come, with the state of the box as it changes, and those that were."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import ServiceUnavailable

from edge.publish.event_log import KEPT, EventLog
from edge.web.api.answers import MOST_ID
from edge.web.api.query import as_whole_number, camera_named, whole_number
from edge.web.api.state import BoxState
from edge.web.site import Site

_STATE_SECONDS: Final = 0.5
"""Between two looks at the state."""

_HEARTBEAT_SECONDS: Final = 15.0
"""The state is sent at least so often: the client sees that we live, and we that it does."""

_LAST_SECONDS: Final = 1.0
"""Listening goes on after the stop for no longer than this."""

_RETRY_SECONDS: Final = 10
_USUAL_EVENTS: Final = 100


def blueprint(site: Site, state: BoxState) -> Blueprint:
    """Serve ``/api/events``, to ``web.max_viewers`` at most, and ``/api/events/history``."""
    live = Blueprint("live", __name__, url_prefix="/api")
    seats = threading.BoundedSemaphore(site.config.web.max_viewers)

    @live.get("/events")
    def events() -> Response:
        response = Response(iter(()), mimetype="text/event-stream")  # of no length
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"  # nginx would hold messages back
        if request.method == "HEAD":
            return response
        since = _resume(site.events)
        if not seats.acquire(blocking=False):
            busy = f"{site.config.web.max_viewers} are listening already"
            raise ServiceUnavailable(busy, retry_after=_RETRY_SECONDS)
        gone = request.environ.get("waitress.client_disconnected", lambda: False)
        response.response = _messages(site, state, since, gone)
        response.call_on_close(seats.release)
        return response

    @live.get("/events/history")
    def history() -> Response:
        name = request.args.get("camera")
        if name is not None:
            camera_named(site, name)
        limit = whole_number("limit", 1, KEPT) or _USUAL_EVENTS
        after, last = whole_number("after", 0, MOST_ID), site.events.last
        if after is None:
            events = site.events.newest(name, limit)
        else:
            last = site.events.known(after)
            events = site.events.after(last, name, limit)
        if events:  # one may have come since `last` was read
            last = max(last, events[-1].id)
        body = ",".join(event.json for event in events)
        return Response(f'{{"events":[{body}],"last":{last}}}', mimetype="application/json")

    return live


def _resume(events: EventLog) -> int:
    """Return the id of the last event that the client has, or of the newest for a new client."""
    header = request.headers.get("Last-Event-ID")
    if header:
        return events.known(as_whole_number("Last-Event-ID", header, 0, MOST_ID))
    after = whole_number("after", 0, MOST_ID)
    return events.last if after is None else events.known(after)


def _messages(site: Site, state: BoxState, last: int, gone: Callable[[], bool]) -> Iterator[str]:
    """Give a ``state`` message when something changed, and an ``event`` message for every event."""
    yield "retry: 2000\n\n"
    told, look, heartbeat, end = -1, 0.0, 0.0, math.inf
    while (now := time.monotonic()) < end and not gone():
        if site.stop.is_set():
            # As the cameras end, faces are lost; then the web server hangs up.
            end = min(end, now + _LAST_SECONDS)
        if now >= look:
            look = now + _STATE_SECONDS
            version, text = state.newest()
            if version != told or now >= heartbeat:
                told, heartbeat = version, now + _HEARTBEAT_SECONDS
                yield f"event: state\ndata: {text}\n\n"
        site.events.wait(last, max(0.0, look - time.monotonic()))
        for event in site.events.after(last):
            last = event.id
            yield f"id: {event.id}\nevent: event\ndata: {event.json}\n\n"
