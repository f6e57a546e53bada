"""Who may see anything at all."""

import math
from typing import Final

from flask import Flask, Request, redirect, request, url_for
from prometheus_client import Counter
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests, Unauthorized
from werkzeug.wrappers import Response

from edge.config import Config
from edge.web.access.attempts import Attempts
from edge.web.access.credentials import Busy, Credentials
from edge.web.access.session_key import session_key

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
    failures
        Counts those who fail, by reason.
    """

    def __init__(self, config: Config, failures: Counter) -> None:
        self.credentials = Credentials(config.web, session_key())
        self.cookie = f"edge-fer-{config.node}"
        """Its name. Cookies do not know ports: several boxes may share a host."""
        self._attempts = Attempts()
        self._failures = failures

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
        if self.has_session(asked):
            return True  # whatever a proxy in front has asked for besides
        given = asked.authorization
        if given is not None and given.type == "bearer" and given.token:
            # It cannot be guessed: a program with an old one takes nobody's tries.
            right = self.credentials.knows_token(given.token)
            if not right:
                self._failed("token", asked.remote_addr or "")
            return right
        if given is not None and given.type == "basic":
            return self.try_password(asked, given.username or "", given.password or "")
        return False

    def has_session(self, asked: Request) -> bool:
        """Return whether the browser has signed in."""
        return self.credentials.knows_session(asked.cookies.get(self.cookie, ""))

    def try_password(self, asked: Request, username: str, password: str) -> bool:
        """Check a password for the address that a request comes from; raises as `admits`."""
        address, claim = asked.remote_addr or "", self.credentials.claim(username, password)
        seconds = math.ceil(self._attempts.begin(address, claim))
        if seconds > 0:
            self._failures.labels("limit").inc()
            raise TooManyRequests(f"Too many failed logins: wait {seconds} s.", None, seconds)
        wrong = False
        try:
            wrong = not self.credentials.knows_password(username, password)
        except Busy:
            raise ServiceUnavailable("Others sign in: try again in 2 s.", None, 2) from None
        finally:
            self._attempts.end(address, claim, forgiven=not wrong)
        if wrong:
            self._failed("password", address)
        return not wrong

    def _failed(self, reason: str, address: str) -> None:
        self._failures.labels(reason).inc()
        self._attempts.failed(address)

    def _refuse(self, asked: Request) -> Response:
        password = self.credentials.has_password
        if password and "text/html" in asked.accept_mimetypes.values():
            wanted = asked.full_path.rstrip("?") if asked.method == "GET" else "/"
            return redirect(url_for("login.page", next=wanted), 303)
        # A browser would open a window of its own for Basic, over the page that asked.
        browser = "Sec-Fetch-Mode" in asked.headers or "Mozilla/" in asked.user_agent.string
        scheme = "basic" if password and not browser else "bearer"
        challenge = WWWAuthenticate(scheme, {"realm": "edge-fer box"})  # quoted for its space
        told = "sign in first, or send a token"
        if asked.authorization is not None:
            told = "the name and password, or the token, are wrong"
        raise Unauthorized(told, www_authenticate=challenge)


def _is_open(asked: Request) -> bool:
    if asked.endpoint == "static":
        return (asked.view_args or {}).get("filename") in OPEN_FILES
    return asked.endpoint in OPEN
