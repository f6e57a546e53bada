"""The Flask application, put together from its parts."""

from flask import Flask
from flask.json.provider import DefaultJSONProvider

from edge.web import api, health, live, pages, problem, stream
from edge.web.site import Site


def create_app(site: Site) -> Flask:
    """Build what the web server serves of the box."""
    app = Flask(__name__)
    app.json = _InOrder(app)
    problem.handle_errors(app)
    for part in (pages, api, live, stream, health):
        app.register_blueprint(part.blueprint(site))
    return app


class _InOrder(DefaultJSONProvider):
    """Keeps emotions in FER-2013 order, not in the alphabet's."""

    sort_keys = False
