"""Errors as ``application/problem+json`` (RFC 9457)."""

from flask import Flask, Response, json
from werkzeug.exceptions import HTTPException


def handle_errors(app: Flask) -> None:
    """Answer every error of `app` as a problem."""

    def answer(error: HTTPException) -> Response:
        problem = {"title": error.name, "status": error.code, "detail": error.description}
        response = Response(
            json.dumps(problem), status=error.code, content_type="application/problem+json"
        )
        for name, value in error.get_headers():
            if name.lower() not in {"content-type", "content-length"}:
                response.headers[name] = value
        return response

    app.register_error_handler(HTTPException, answer)
