"""What browsers are told to do and not to do with what we send."""

from typing import Final

from flask import Flask, Response

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    # Not no-referrer: with that, browsers send a form's Origin as null.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=(), usb=()",
    "Cache-Control": "no-store",
}
"""What every answer has, unless it has its own.

No Strict-Transport-Security: it holds for all ports of a host, and there may be others on a camera
box that speak plain HTTP; and with a certificate of one's own making it locks people out.
"""


def add_headers(app: Flask) -> None:
    """Send `HEADERS` with every answer."""

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
