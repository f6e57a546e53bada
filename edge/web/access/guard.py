"""What stands between the network and the application, in the order in which it asks."""

from flask import Flask, request
from prometheus_client import CollectorRegistry

from edge.config import Config
from edge.metrics import login_failures
from edge.web.access import headers, login, origin
from edge.web.access.entry import Access
from edge.web.access.proxy import Forwarded


def protect(app: Flask, config: Config, registry: CollectorRegistry) -> None:
    """Let nobody into `app` but those whom the section ``web`` of `config` allows.

    Those who fail are counted in `registry`.
    """
    app.wsgi_app = Forwarded(app.wsgi_app, config.web.proxies)  # type: ignore[method-assign] # as Flask says
    headers.add_headers(app)
    origin.refuse_strangers(app, config.web.hosts)
    access = Access(config, login_failures(registry))
    if config.web.has_login:
        access.require(app)
    if access.credentials.has_password:
        app.register_blueprint(login.blueprint(access))
        # Whether a page shall offer to sign out.
        app.context_processor(lambda: {"signed_in": access.has_session(request)})
