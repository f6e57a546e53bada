"""The JSON Schema of ``config.yaml``, for editors that complete and check as one types."""

from typing import Any, Final

from edge.config.camera import CAMERA_SECTIONS
from edge.config.model import SECTIONS, Config

_ELSEWHERE: Final = {
    "type": "string",
    "pattern": r"\$\{",
    "description": 'A value from elsewhere: "${NAME}", "${file:PATH}" or "${credential:NAME}".',
}


def config_schema() -> dict[str, Any]:
    """Return the schema, by draft 7 of JSON Schema, which all editors know.

    It knows what the models know of single values; what they say about two of them, that a
    password goes with a name say, only ``edge-fer check`` tells.
    """
    schema: dict[str, Any] = _as_draft_7(Config.model_json_schema())
    definitions = schema["$defs"]
    for definition in (schema, *definitions.values()):
        _take_values_from_elsewhere(definition)
    camera = definitions["CameraConfig"]
    camera["required"] = ["source"]
    for whole, sections in ((schema, SECTIONS), (camera, CAMERA_SECTIONS)):
        for name in sections:
            # One whose keys are all commented out is empty.
            section = {"$ref": whole["properties"][name]["$ref"]}
            whole["properties"][name] = {"anyOf": [section, {"type": "null"}]}
    schema["properties"]["cameras"]["additionalProperties"] = False
    # YAML reads a bare 5 as a number.
    definitions["MqttConfig"]["properties"]["version"]["anyOf"].append({"const": 5})
    definitions["Elsewhere"] = _ELSEWHERE
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **schema,
        "title": "edge-fer",
        "description": "config.yaml of edge-fer. Written by 'edge-fer config schema'.",
    }


def _as_draft_7(value: Any) -> Any:
    """Write tuples as that draft does, and leave out the titles that pydantic makes up."""
    if isinstance(value, list):
        return [_as_draft_7(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    names = {"prefixItems": "items"}
    return {
        names.get(key, key): _as_draft_7(inner)
        for key, inner in value.items()
        if not (key == "title" and isinstance(inner, str))
    }


def _take_values_from_elsewhere(definition: dict[str, Any]) -> None:
    for name, given in definition.get("properties", {}).items():
        about = {key: given.pop(key) for key in ("description", "default") if key in given}
        if "$ref" in given or given == {"type": "string"} or given.get("type") == "object":
            value = given
        else:
            choices = given["anyOf"] if given.keys() == {"anyOf"} else [given]
            value = {"anyOf": [*choices, {"$ref": "#/$defs/Elsewhere"}]}
        definition["properties"][name] = {**about, **value}
