"""The Flask application, put together from its parts."""

from typing import Final

from flask import Flask
from flask.json.provider import DefaultJSONProvider

from edge.web import health, pages, problem
from edge.web.access import guard
from edge.web.api import about, cameras, live, predict
from edge.web.api.state import BoxState
from edge.web.picture import stream
from edge.web.site import Site

_LARGEST_BODY: Final = 64_000
"""Bytes; pictures may be larger."""


def create_app(site: Site) -> Flask:
    """Build what the web server serves of the box."""
    app = Flask(__name__)
    app.json = _InOrder(app)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    problem.handle_errors(app)
    state = BoxState(site)
    for part in (cameras, live):
        app.register_blueprint(part.blueprint(site, state))
    for part in (pages, about, predict, stream, health):
        app.register_blueprint(part.blueprint(site))
    guard.protect(app, site.config, site.registry)
    return app


class _InOrder(DefaultJSONProvider):
    """Keeps emotions in FER-2013 order, not in the alphabet's."""

    sort_keys = False
