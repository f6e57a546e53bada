"""What is wrong with a configuration: a line a fault, with its place in the file and what to do."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

import yaml
from pydantic import BaseModel, ValidationError

from edge.config.camera import FOURCC_PATTERN
from edge.config.model import NAME_PATTERN
from edge.config.mqtt import HOST_PATTERN, TOPIC_PATTERN
from edge.errors import Fault
from edge.redact import HIDDEN

Keys = tuple[Any, ...]
"""A key below those above it, as pydantic has it."""

Models = list[type[BaseModel]]

_HARMLESS: Final = re.compile(r"[\w.-]{1,40}")
"""A value that may be shown in an error: one word or number, and so no URL with a password."""

_OF_KEYS: Final = ("extra_forbidden", "invalid_key")

_CAMERA: Final = 2
"""Keys before those of a camera: cameras, and its name."""

_SECRET: Final = ("password", "token")

RENAMED: Final = {"capture.webcam": "capture"}
"""Keys and sections of earlier versions, as they are called now."""

_FEW: Final = 12
"""Keys that may be listed in a line."""

_KINDS: Final = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "string": "text: put it in quotes",
    "dict": "a section with keys of its own",
    "model": "a section with keys of its own",
    "tuple": "a list",
    "list": "a list",
}
"""What a value should be, by how pydantic's name of the error begins."""

_LIMITS: Final = {
    "ge": "{} or more",
    "gt": "more than {}",
    "le": "{} or less",
    "lt": "less than {}",
}


_PATTERNS: Final = {
    NAME_PATTERN: "letters, digits, - and _, with a letter or digit first",
    TOPIC_PATTERN: "letters, digits, _ - . and /, with a letter, digit or _ first",
    HOST_PATTERN: "embedded, a host name or an address",
    FOURCC_PATTERN: "the four characters of a format, MJPG say",
}


def describe_faults(
    error: ValidationError, path: Path, tree: yaml.Node | None, model: type[BaseModel]
) -> list[Fault]:
    """Say every fault in a line, in the order of the file.

    Parameters
    ----------
    error
        What pydantic found.
    path, tree
        The file, and its YAML as it was read.
    model
        What the file should be.
    """
    faults: list[dict[str, Any]] = [
        {
            **fault,
            "loc": _own_keys(fault["loc"]),
            "of_key": fault["type"] in _OF_KEYS or "[key]" in fault["loc"],
        }
        for fault in error.errors()
    ]
    everywhere = {(fault["type"], fault["loc"]) for fault in faults}
    said: dict[tuple[int, int, Keys], Fault] = {}
    for fault in faults:
        keys = fault["loc"]
        line, column, depth = place(tree, keys, of_key=fault["of_key"])
        # Every camera takes a global section over, with what is wrong in it.
        taken_over = len(keys) > _CAMERA and (fault["type"], keys[_CAMERA:]) in everywhere
        if taken_over and depth < place(tree, keys[_CAMERA:])[2] + _CAMERA:
            continue
        if _from_elsewhere(tree, keys):
            fault["input"] = HIDDEN  # it may be a secret, filled in where another value belongs
        what = _say(fault, depth, model)
        said.setdefault((line, column, keys), Fault(path, line, column, what))
    return [said[where] for where in sorted(said, key=lambda where: where[:2])]


def place(node: yaml.Node | None, keys: Keys, of_key: bool = False) -> tuple[int, int, int]:
    """Return line and column of the deepest of `keys` that the file has, and how deep that is.

    They are those of its value where that stands in the same line and `of_key` is not set.
    """
    mark = None if node is None else node.start_mark
    depth = 0
    for key in keys:
        found = _below(node, key)
        if found is None:
            break
        depth += 1
        name, node = found
        beside = not _is_empty(node) and node.start_mark.line == name.start_mark.line
        mark = node.start_mark if beside and not of_key else name.start_mark
    return (1, 1, 0) if mark is None else (mark.line + 1, mark.column + 1, depth)


def _from_elsewhere(node: yaml.Node | None, keys: Keys) -> bool:
    """Return whether the file has ``${...}`` in the value at `keys`."""
    for key in keys:
        found = _below(node, key)
        if found is None:
            break
        node = found[1]
    return isinstance(node, yaml.ScalarNode) and "${" in node.value


def dotted(keys: Keys) -> str:
    """Return a key with those above it, as a sentence has it."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".") or "the file"


def _own_keys(keys: Keys) -> Keys:
    """Leave out pydantic's own: a tag in angle brackets, and what says that a key is meant."""
    return tuple(key for key in keys if not str(key).startswith("<") and key != "[key]")


def _below(node: yaml.Node | None, key: Any) -> tuple[yaml.Node, yaml.Node] | None:
    """Return the nodes of a key and its value, or None."""
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key], node.value[key]
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next(((name, value) for name, value in pairs if name.value == str(key)), None)


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == ""


def _say(fault: Mapping[str, Any], depth: int, model: type[BaseModel]) -> str:
    keys: Keys = fault["loc"]
    if fault["type"] == "extra_forbidden":
        return f"unknown key {dotted(keys)}{_meant(keys, fault['input'], model)}"
    if fault["type"] == "missing":
        return f"{dotted(keys)} is missing"
    # What lies deeper than the file's own keys is pydantic's, such as a union's member.
    keys = keys[:depth] or keys
    if fault["type"] == "value_error":
        said = fault["msg"].removeprefix("Value error, ").replace("\n", " ")
        return f"{dotted(keys)}: {said}"
    return f"{dotted(keys)}{_wanted(fault)}{_given(keys, fault['input'])}"


def _wanted(fault: Mapping[str, Any]) -> str:
    """Return what should be there instead."""
    kind, limits = str(fault["type"]), fault.get("ctx", {})
    for name, words in _LIMITS.items():
        if name in limits:
            return f" should be {words.format(format(limits[name], 'g'))}"
    wanted = {
        "invalid_key": "text: put it in quotes",
        "finite_number": "a finite number",
        "literal_error": str(limits.get("expected")).replace("'", ""),
        "string_pattern_mismatch": str(_PATTERNS.get(limits.get("pattern"))),
        "string_too_short": "no empty text",
        "string_too_long": f"of {limits.get('max_length')} characters at most",
        "too_short": f"of {limits.get('min_length')} entries or more",
        "too_long": f"of {limits.get('max_length')} entries or fewer",
    }.get(kind, _KINDS.get(kind.partition("_")[0]))
    said = str(fault["msg"]).replace("\n", " ")
    return f": {said}" if wanted is None else f" should be {wanted}"


def _given(keys: Keys, value: Any) -> str:
    secret = any(word in str(key) for key in keys for word in _SECRET)
    shown = json.dumps(value) if value is None or isinstance(value, bool) else str(value)
    return f", not {shown}" if _HARMLESS.fullmatch(shown) and not secret else ""


def _meant(keys: Keys, value: Any, model: type[BaseModel]) -> str:
    """Return what was meant by an unknown key, as far as one can guess."""
    key = str(keys[-1])
    camera = keys[:_CAMERA] if keys[0] == "cameras" else ()
    renamed = RENAMED.get(dotted(keys[len(camera) :]))
    if renamed is not None:
        same = ", with the same keys" if isinstance(value, dict) else ""
        return f": it is called {dotted((*camera, renamed))} now{same}"
    here = [name for m in _sections(model, keys[:-1]) for name in m.model_fields]
    near = difflib.get_close_matches(key, here, 1)
    if near:
        return f": did you mean {dotted((*keys[:-1], near[0]))}?"
    elsewhere = [path for path in _all_keys(model) if path[-1] == key]
    if elsewhere:
        return f": {dotted(elsewhere[0])} has its place there"
    return f": there are {', '.join(here)}" if 0 < len(here) <= _FEW else ""


def _sections(model: type[BaseModel], keys: Keys) -> Models:
    """Return what may stand below `keys`; a name of the user's own is passed over."""
    here: Models = [model]
    for key in keys:
        fields = [m.model_fields[str(key)] for m in here if str(key) in m.model_fields]
        here = [m for field in fields for m in _models(field.annotation)] or here
    return here


def _all_keys(model: type[BaseModel], above: Keys = ()) -> Iterator[Keys]:
    for name, field in model.model_fields.items():
        yield (*above, name)
        for below in _models(field.annotation):
            yield from _all_keys(below, (*above, name))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Give the sections within an annotation: optional, of a union, values of a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
