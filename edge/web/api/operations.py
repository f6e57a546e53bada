"""All that the web server can be asked for, as its OpenAPI document tells of it."""

from dataclasses import dataclass, field
from typing import Any, Final

from edge.publish.event_log import KEPT
from edge.web.api import answers
from edge.web.picture.pictures import QUALITIES, WIDTHS
from edge.web.picture.stream import RATES

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_BINARY: Final[Schema] = {"type": "string", "format": "binary"}
_ID: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": answers.MOST_ID}


def _whole(least: int, most: int, usual: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most, "default": usual}


def _one_of(allowed: tuple[int, ...]) -> Schema:
    return {"type": "integer", "enum": list(allowed)}


@dataclass(frozen=True)
class Parameter:
    """What a request may say beside its path; `schema` None is a camera's name."""

    name: str
    description: str
    schema: Schema | None = None
    place: str = "query"


@dataclass(frozen=True)
class Operation:
    """What can be asked at one path.

    Attributes
    ----------
    path
        With OpenAPI's braces.
    summary
        What it does.
    answer
        What comes back if all is well: a model, a list of one, a schema, or None.
    media_type
        Of `answer`.
    errors
        Statuses of problems beside those that everything may end in.
    parameters
        Those that may be left out.
    pages
        Those of them that come as a page, and as no problem.
    empty
        Statuses of answers without content.
    body
        What must be sent: schemas or models by media type.
    method
        In lower case.
    """

    path: str
    summary: str
    answer: Any = field(default_factory=lambda: _TEXT)
    media_type: str = "application/json"
    errors: tuple[int, ...] = ()
    pages: tuple[int, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    empty: tuple[int, ...] = ()
    body: dict[str, Any] = field(default_factory=dict)
    method: str = "get"


PICTURES: Final = ("image/jpeg", "image/png", "image/webp")

_AFTER: Final = "The id of an event: what followed it, first things first; else the newest."

_PICTURE: Final = (
    Parameter("width", "Pixels; as many as the camera's, if not said.", _one_of(WIDTHS)),
    Parameter("quality", "Of the JPEG; as configured, if not said.", _one_of(QUALITIES)),
)

OPERATIONS: Final = (
    Operation("/", "The page.", media_type="text/html"),
    Operation("/api/state", "Everything that the page shows of this moment.", answers.State),
    Operation("/api/cameras", "All cameras.", list[answers.Camera]),
    Operation("/api/cameras/{name}", "A camera.", answers.Camera),
    Operation(
        "/api/cameras/{name}/timeline",
        "What faces showed over the last ten minutes.",
        answers.Timeline,
    ),
    Operation(
        "/api/cameras/{name}/control",
        "Pause or resume a camera, or switch its detector; until the daemon ends.",
        answers.Camera,
        errors=(413, 415, 422),
        body={"application/json": answers.Command},
        method="post",
    ),
    Operation(
        "/api/events",
        "Server-sent events: `state` with the schema State when something changed, and at least "
        "every 15 s; `event` with the schema EventMessage for every event, and its id.",
        media_type="text/event-stream",
        errors=(422, 503),
        parameters=(
            Parameter("after", "As Last-Event-ID, for the first connection.", _ID),
            Parameter("Last-Event-ID", "The last event that was seen.", _ID, "header"),
        ),
    ),
    Operation(
        "/api/events/history",
        f"The newest events; the daemon remembers {KEPT}.",
        answers.History,
        errors=(404, 422),
        parameters=(
            Parameter("camera", "Of this one only."),
            Parameter("after", _AFTER, _ID),
            Parameter("limit", "At most so many.", _whole(1, KEPT, 100)),
        ),
    ),
    Operation(
        "/api/predict",
        "The faces of a JPEG, PNG or WebP picture of up to 10 MB and 25 million pixels, read with "
        "the detector and the model of a camera. Nothing of it is kept.",
        answers.Prediction,
        errors=(400, 404, 413, 415, 422, 429),
        parameters=(Parameter("camera", "The first one, if none is named."),),
        body={
            **dict.fromkeys(PICTURES, _BINARY),
            "multipart/form-data": {
                "type": "object",
                "properties": {"image": _BINARY},
                "required": ["image"],
            },
        },
        method="post",
    ),
    Operation("/api/config", "The configuration in force, without secrets.", answers.Settings),
    Operation("/api/version", "Which box this is, and what it runs.", answers.Version),
    Operation("/api/openapi.json", "This document.", {"type": "object"}),
    Operation(
        "/cameras/{name}/stream.mjpg",
        "The annotated picture as it changes.",
        _BINARY,
        "multipart/x-mixed-replace",
        errors=(400,),
        parameters=(
            *_PICTURE,
            Parameter("fps", "Frames a second at most; all, if not said.", _one_of(RATES)),
        ),
    ),
    Operation(
        "/cameras/{name}/snapshot.jpg",
        "The newest annotated picture.",
        _BINARY,
        "image/jpeg",
        errors=(400,),
        empty=(304,),
        parameters=(
            *_PICTURE,
            Parameter("If-None-Match", "The ETag of the one that is there.", _TEXT, "header"),
        ),
    ),
    Operation("/healthz", "Whether the process turns.", media_type="text/plain", errors=(503,)),
    Operation(
        "/readyz",
        "Whether all cameras and the broker are as configured.",
        media_type="text/plain",
        errors=(503,),
    ),
    Operation("/metrics", "For Prometheus.", media_type="text/plain"),
)

SIGNING_IN: Final = (
    Operation("/login", "The page to sign in on.", media_type="text/html"),
    Operation(
        "/login",
        "Sign in: leads on with a cookie, or shows the page again.",
        None,
        errors=(401, 413, 429, 503),
        pages=(401, 429, 503),
        empty=(303,),
        body={
            "application/x-www-form-urlencoded": {
                "type": "object",
                "properties": {"username": _TEXT, "password": _TEXT, "next": _TEXT},
                "required": ["username", "password"],
            }
        },
        method="post",
    ),
    Operation("/logout", "Sign out.", None, empty=(303,), method="post"),
)
"""The same for boxes with a password."""
