"""Who may see anything at all."""

import math
from collections.abc import Callable
from typing import Final

from flask import Flask, Request, redirect, request, url_for
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests, Unauthorized
from werkzeug.wrappers import Response

from edge.config import Config
from edge.web.access.attempts import Attempts
from edge.web.access.credentials import Busy, Credentials

OPEN: Final = frozenset({"health.healthz", "login.page", "login.enter"})
"""What needs no login: that the process turns, and the page to sign in on."""

OPEN_FILES: Final = frozenset({"icon.svg", "login.css", "style.css"})
"""What that page is made of."""


class Access:
    """Answers for each request whether it may pass.

    Parameters
    ----------
    config
        The section ``web`` and the node's name.
    """

    def __init__(self, config: Config) -> None:
        self.credentials = Credentials(config.web)
        self.cookie = f"edge-fer-{config.node}"
        """Its name. Cookies do not know ports: several boxes may share a host."""
        self._attempts = Attempts()

    def require(self, app: Flask) -> None:
        """Refuse all requests of `app` that bring no credentials, but for `OPEN` and `OPEN_FILES`.

        From loopback as well: it may be a proxy that asks there for somebody else.
        """

        @app.before_request
        def check() -> Response | None:
            if _is_open(request) or self.admits(request):
                return None
            return self._refuse(request)

    def admits(self, asked: Request) -> bool:
        """Return whether a request brings the token, the password, or the cookie of a session.

        Raises
        ------
        TooManyRequests
            If there were too many failures from its address.
        ServiceUnavailable
            If too many passwords are being checked.
        """
        given = asked.authorization
        if "Authorization" not in asked.headers:
            return self.has_session(asked)
        if given is not None and given.type == "bearer" and given.token:
            # It cannot be guessed, and so it needs no patience with those who try.
            token = given.token
            return self.credentials.knows_token(token) or self._attempt(asked, lambda: False)
        if given is not None and given.type == "basic":
            return self.try_password(asked, given.username or "", given.password or "")
        return False

    def has_session(self, asked: Request) -> bool:
        """Return whether the browser has signed in."""
        return self.credentials.knows_session(asked.cookies.get(self.cookie, ""))

    def try_password(self, asked: Request, username: str, password: str) -> bool:
        """Check a password for the address that a request comes from; raises as `admits`."""
        return self._attempt(asked, lambda: self.credentials.knows_password(username, password))

    def _attempt(self, asked: Request, check: Callable[[], bool]) -> bool:
        address = asked.remote_addr or ""
        seconds = math.ceil(self._attempts.begin(address))
        if seconds > 0:
            raise TooManyRequests(f"Too many failed logins: wait {seconds} s.", None, seconds)
        try:
            right = check()
        except Busy:
            self._attempts.succeeded(address)
            raise ServiceUnavailable("Others sign in: try again in 2 s.", None, 2) from None
        if right:
            self._attempts.succeeded(address)
        else:
            self._attempts.failed(address)
        return right

    def _refuse(self, asked: Request) -> Response:
        password = self.credentials.has_password
        if password and "text/html" in asked.accept_mimetypes.values():
            wanted = asked.full_path.rstrip("?") if asked.method == "GET" else "/"
            return redirect(url_for("login.page", next=wanted), 303)
        # A browser would open a window of its own for Basic, over the page that asked.
        browser = "Sec-Fetch-Mode" in asked.headers or "Mozilla/" in asked.user_agent.string
        scheme = "basic" if password and not browser else "bearer"
        challenge = WWWAuthenticate(scheme, {"realm": "edge-fer box"})  # quoted for its space
        raise Unauthorized("sign in first, or send a token", www_authenticate=challenge)


def _is_open(asked: Request) -> bool:
    if asked.endpoint == "static":
        return (asked.view_args or {}).get("filename") in OPEN_FILES
    return asked.endpoint in OPEN
