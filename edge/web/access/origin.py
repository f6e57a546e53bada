"""Web pages elsewhere: what a visitor's browser may not be made to do to the box."""

import re
import socket
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Request, abort, request
from werkzeug.exceptions import HTTPException

from edge.web.access.proxy import as_address

_HARMLESS: Final = {"GET", "HEAD", "OPTIONS"}
_ADDRESSED: Final = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:/@\\\s]+))(?::\d{1,5})?"
)


class Misdirected(HTTPException):
    """The request was meant for another host."""

    code = 421


def refuse_strangers(app: Flask, names: Iterable[str]) -> None:
    """Refuse requests for other hosts, and those that pages of other origins make.

    The first stops a page whose name its owner lets point to this box (DNS rebinding), and so
    would be of the same origin. The second stops a page from pausing a camera: without a login
    from any browser on this machine, with one from the browser that has signed in.

    Parameters
    ----------
    app
        Every request of it is checked.
    names
        By which it may be asked for, beside localhost, its own name and any address.
    """
    own = socket.gethostname().partition(".")[0].lower()
    known = {"localhost", own, f"{own}.local", socket.gethostname().lower(), *names}

    @app.before_request
    def check() -> None:
        if not _is_ours(request.headers.get("Host"), known):
            raise Misdirected("no page by that name here: add the name to web.hosts, if it is ours")
        if _comes_from_elsewhere(request):
            abort(403, "asked for by a page of another origin; behind a proxy set web.proxies")


def _is_ours(host: str | None, known: set[str]) -> bool:
    if not host:  # no browser leaves it out
        return True
    match = _ADDRESSED.fullmatch(host)
    if match is None:
        return False
    if match["v6"]:
        return as_address(match["v6"]) is not None
    return as_address(match["name"]) is not None or match["name"].lower().rstrip(".") in known


def _comes_from_elsewhere(asked: Request) -> bool:
    """Tell by what browsers say themselves; programs say nothing, and are not made to ask."""
    site = asked.headers.get("Sec-Fetch-Site")
    if site in {"same-origin", "none"}:
        return False
    if asked.method in _HARMLESS:
        # A link leads here, and that is all: no picture of ours in a page elsewhere.
        return site is not None and asked.headers.get("Sec-Fetch-Mode") != "navigate"
    if site is not None:
        return True
    # Over plain HTTP browsers name the origin only. Its scheme a proxy may have changed.
    origin = asked.headers.get("Origin")
    return origin is not None and _place(origin) != asked.headers.get("Host", "").lower()


def _place(origin: str) -> str | None:
    """Return the host and port of an origin; None if there are none, as in ``null``."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
