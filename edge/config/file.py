"""Reading YAML with environment values filled in; faults are named by key and line."""

import os
import re
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from edge.config import Config
from edge.errors import ConfigError

Checked = TypeVar("Checked", bound=BaseModel)

_VARIABLE: Final = re.compile(r"\$\{(?:([A-Za-z_][A-Za-z0-9_]*)|file:([^}]+))\}")
"""``${NAME}`` or ``${file:PATH}``."""

_HARMLESS: Final = re.compile(r"[\w.-]{1,40}")
"""A value that may be shown in an error: one word or number, and so no URL with a password."""


def load_config(path: Path) -> Config:
    """Read and check a configuration file.

    ``${NAME}`` in a value is replaced by that environment variable, ``${file:PATH}`` by the text
    of that file without the line end: so secrets need not stand in the configuration.

    Raises
    ------
    ConfigError
        If the file is missing, is no YAML, or a key or value is wrong. The message names the
        file, the line and the key.
    """
    if not path.exists():
        raise ConfigError(f"no configuration at {path}: name one with --config")
    config = read_checked(path, Config)
    config._folder = path.resolve().parent  # noqa: SLF001 - a private attribute of our own model
    return config


def read_checked(path: Path, model: type[Checked]) -> Checked:
    """Read a YAML file as a pydantic `model`; faults as `load_config` names them."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from None
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_duplicates(tree, path)
        values = yaml.safe_load(text)
        if not isinstance(values, dict):
            key = next(iter(model.model_fields))
            raise ConfigError(f"{path}: expected keys such as '{key}:', found none")
        filled = _fill(values, path, tree, ())
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}{_mark(error)}: not valid YAML: {_problem(error)}") from None
    except (ValueError, RecursionError) as error:  # a date that is none, an alias within itself
        raise ConfigError(f"{path}: not a configuration: {error}") from None
    try:
        return model.model_validate(filled)
    except ValidationError as error:
        raise ConfigError(_describe(error, path, tree)) from None


def _refuse_duplicates(node: yaml.Node | None, path: Path) -> None:
    """Refuse a key that stands twice in one mapping: YAML would keep the last one silently."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_duplicates(item, path)
    if not isinstance(node, yaml.MappingNode):
        return
    seen = set()
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value in seen:
            line = key.start_mark.line + 1
            raise ConfigError(f"{path}, line {line}: {key.value} stands here a second time")
        seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        _refuse_duplicates(value, path)


def _fill(value: Any, path: Path, tree: yaml.Node | None, key: tuple[Any, ...]) -> Any:
    """Replace ``${NAME}`` and ``${file:PATH}`` in every string below `value`."""
    if isinstance(value, dict):
        return {k: _fill(v, path, tree, (*key, k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_fill(v, path, tree, (*key, i)) for i, v in enumerate(value)]
    if not isinstance(value, str):
        return value

    def variable(match: re.Match[str]) -> str:
        name, file = match.groups()
        if file is not None:
            return _secret(path.parent / file, path, tree, key)
        if name not in os.environ:
            line, _ = _find(tree, key)
            raise ConfigError(
                f"{path}, line {line}: {_dotted(key)} needs the environment variable {name}: set it"
            )
        return os.environ[name]

    return _VARIABLE.sub(variable, value)


def _secret(file: Path, path: Path, tree: yaml.Node | None, key: tuple[Any, ...]) -> str:
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        line, _ = _find(tree, key)
        reason = getattr(error, "strerror", None) or "not text"
        raise ConfigError(
            f"{path}, line {line}: {_dotted(key)} needs the file {file}: {reason}"
        ) from None


def _describe(error: ValidationError, path: Path, tree: yaml.Node | None) -> str:
    """Say the first fault in one line.

    A fault of a global section shows again in every camera that takes it over: the place that
    stands in the file is the one to name.
    """
    faults: list[dict[str, Any]] = [
        {**fault, "loc": tuple(part for part in fault["loc"] if not str(part).startswith("<"))}
        for fault in error.errors()
    ]
    places = [_find(tree, fault["loc"]) for fault in faults]
    depths = [depth - len(fault["loc"]) for fault, (_, depth) in zip(faults, places, strict=True)]
    best = depths.index(max(depths))
    fault, (line, depth) = faults[best], places[best]
    key = _dotted(fault["loc"])
    if fault["type"] == "extra_forbidden":
        what = f"unknown key {key}"
    elif fault["type"] == "missing":
        what = f"{key} is missing"
    else:
        # What lies deeper than the file's own keys is pydantic's, such as a union's member.
        key = _dotted(fault["loc"][:depth]) if depth else key
        said = fault["msg"].removeprefix("Value error, ").replace("\n", " ")
        wanted = said.removeprefix("Input should be ")
        should = " should be " if wanted != said else ": "
        value = fault["input"]
        harmless = _HARMLESS.fullmatch(str(value)) and "password" not in key
        what = f"{key}{should}{wanted}{f', not {value!r}' if harmless else ''}"
    return f"{path}, line {line}: {what}"


def _find(node: yaml.Node | None, keys: tuple[Any, ...]) -> tuple[int, int]:
    """Return the line of the deepest of `keys` that the file has, and how deep that is."""
    line = 1
    for depth, key in enumerate(keys):
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = [(k, v) for k, v in pairs if k.value == str(key)]
        if not found:
            return line, depth
        line = found[0][0].start_mark.line + 1
        node = found[0][1]
    return line, len(keys)


def _dotted(keys: tuple[Any, ...]) -> str:
    return ".".join(str(key) for key in keys if key != "[key]") or "the file"


def _mark(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error)
