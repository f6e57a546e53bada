"""Errors as ``application/problem+json`` (RFC 9457)."""

from http import HTTPStatus
from typing import Any, Final

from flask import Flask, Response, json
from werkzeug.exceptions import HTTPException

MEDIA_TYPE: Final = "application/problem+json"


def problem(status: int, detail: str | None, **members: Any) -> Response:
    """Return a problem as an answer; `members` say more of it to programs."""
    told = {} if detail is None else {"detail": detail}
    content = {"title": HTTPStatus(status).phrase, "status": status, **told, **members}
    return Response(json.dumps(content), status=status, content_type=MEDIA_TYPE)


def handle_errors(app: Flask) -> None:
    """Answer every error of `app` as a problem.

    Of an error that nobody expected the log has the traceback, and the answer says nothing.
    """

    def answer(error: HTTPException) -> Response:
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        unexpected = status == HTTPStatus.INTERNAL_SERVER_ERROR
        response = problem(status, None if unexpected else error.description)
        for name, value in error.get_headers():
            if name.lower() not in {"content-type", "content-length"}:
                response.headers[name] = value
        return response

    app.register_error_handler(HTTPException, answer)
