"""The OpenAPI 3.1 document, made of `OPERATIONS` and of the models of the answers."""

from http import HTTPStatus
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import edge
from edge.config import Config
from edge.publish.messages import EventMessage
from edge.web.api.answers import NotReady, Problem
from edge.web.api.operations import OPERATIONS, PICTURES, SIGNING_IN, Operation, Parameter, Schema
from edge.web.problem import MEDIA_TYPE

_REFERENCE: Final = "#/components/schemas/{model}"

_ANYWHERE: Final = (401, 403, 421, 429, 500, 503)
"""No login, asked by a page of another origin or for another host, too many failed logins, a fault,
too many logins at once."""

_TEXT: Final = {"type": "string"}
_OPEN: Final = ("/healthz", "/login")


def describe_api(config: Config) -> dict[str, Any]:
    """Return the document for a box."""
    web, cameras = config.web, list(config.cameras)
    paths: dict[str, Any] = {}
    for operation in (*OPERATIONS, *(SIGNING_IN if web.password else ())):
        paths.setdefault(operation.path, {})[operation.method] = _describe(operation, cameras)
    schemes: dict[str, Any] = {}
    if web.token:
        schemes["bearer"] = {"type": "http", "scheme": "bearer"}
    if web.password:
        schemes["basic"] = {"type": "http", "scheme": "basic"}
        schemes["session"] = {"type": "apiKey", "in": "cookie", "name": f"edge-fer-{config.node}"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "edge-fer",
            "summary": "Facial expression recognition at the edge.",
            "version": edge.__version__,
        },
        "security": [{name: []} for name in schemes],
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": schemes},
    }


def _describe(operation: Operation, cameras: list[str]) -> dict[str, Any]:
    parameters = operation.parameters
    errors = {*operation.errors, *_ANYWHERE}
    if "{name}" in operation.path:
        parameters = (Parameter("name", "The camera's.", place="path"), *parameters)
        errors.add(404)
    described: dict[str, Any] = {
        "operationId": f"{operation.method} {operation.path}",
        "summary": operation.summary,
        "parameters": [_parameter(parameter, cameras) for parameter in parameters],
        "responses": {
            **{
                str(status): {"description": HTTPStatus(status).phrase}
                for status in operation.empty
            },
            **{str(status): _problem(status, operation) for status in sorted(errors)},
        },
    }
    if operation.answer is not None:
        described["responses"]["200"] = {
            "description": "As asked for.",
            "content": {operation.media_type: {"schema": _reference(operation.answer)}},
        }
    if operation.path in _OPEN:
        described["security"] = []
    if operation.body:
        content = {kind: {"schema": _reference(what)} for kind, what in operation.body.items()}
        described["requestBody"] = {"required": True, "content": content}
        if "multipart/form-data" in content:
            encoding = {"image": {"contentType": ", ".join(PICTURES)}}
            content["multipart/form-data"]["encoding"] = encoding
    return described


def _parameter(parameter: Parameter, cameras: list[str]) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.description,
        "schema": parameter.schema or {"type": "string", "enum": cameras},
    }


def _problem(status: int, operation: Operation) -> dict[str, Any]:
    model = NotReady if operation.path == "/readyz" else Problem
    page = status in operation.pages
    kind, schema = ("text/html", _TEXT) if page else (MEDIA_TYPE, _reference(model))
    return {"description": HTTPStatus(status).phrase, "content": {kind: {"schema": schema}}}


def _reference(what: Any) -> Schema:
    """Return the schema of a model, of a list of one, or of what is a schema itself."""
    if isinstance(what, dict):
        return what
    if get_args(what):
        return {"type": "array", "items": _reference(get_args(what)[0])}
    return {"$ref": _REFERENCE.format(model=what.__name__)}


def _schemas() -> dict[str, Any]:
    used: set[type] = {EventMessage, Problem, NotReady}
    for operation in OPERATIONS:
        for what in (operation.answer, *operation.body.values()):
            used |= {w for w in (what, *get_args(what)) if isinstance(w, type)}
    models = [(model, "serialization") for model in used if issubclass(model, BaseModel)]
    ordered = sorted(models, key=lambda pair: pair[0].__name__)
    _, schema = models_json_schema(ordered, ref_template=_REFERENCE)  # type: ignore[arg-type] # modes
    schemas: dict[str, Any] = schema["$defs"]
    return schemas
