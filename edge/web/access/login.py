"""The page to sign in on. It works without JavaScript."""

import re
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException, Unauthorized
from werkzeug.wrappers import Response

from edge.web.access.credentials import SESSION_SECONDS
from edge.web.access.entry import Access

_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""A place on this host, and no way to write another one: browsers read ``//`` and ``\\`` so."""

_LARGEST_FORM: Final = 8192


def blueprint(access: Access) -> Blueprint:
    """Serve ``/login`` and ``/logout``."""
    login = Blueprint("login", __name__)

    @login.get("/login")
    def page() -> Response:
        if access.has_session(request):
            return _go_on(request.args.get("next", ""))
        return _page(request.args.get("next", ""))

    @login.post("/login")
    def enter() -> Response:
        request.max_content_length = _LARGEST_FORM
        form = request.form
        wanted = form.get("next", "")
        try:
            right = access.try_password(request, form.get("username", ""), form.get("password", ""))
        except HTTPException as error:  # too many failures, too many at the same time
            return _page(wanted, error, form.get("username", ""))
        if not right:
            wrong = Unauthorized("The name or the password is wrong.")
            return _page(wanted, wrong, form.get("username", ""))
        response = _go_on(wanted)
        response.set_cookie(
            access.cookie,
            access.credentials.new_session(),
            max_age=SESSION_SECONDS,
            path=request.script_root or "/",
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",  # Strict would show this page to whoever follows a link from elsewhere
        )
        return response

    @login.post("/logout")
    def leave() -> Response:
        response = redirect(url_for("login.page"), 303)
        response.delete_cookie(access.cookie, path=request.script_root or "/")
        return response

    return login


def _page(wanted: str, error: HTTPException | None = None, username: str = "") -> Response:
    text = render_template("login.html", next=wanted, error=error, username=username)
    response = Response(text, 200 if error is None else error.code, mimetype="text/html")
    seconds = getattr(error, "retry_after", None)
    if seconds is not None:
        response.headers["Retry-After"] = str(seconds)
    return response


def _go_on(wanted: str) -> Response:
    return redirect(request.script_root + (wanted if _PATH.fullmatch(wanted) else "/"), 303)
