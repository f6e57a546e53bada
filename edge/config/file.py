"""Reading YAML with environment values filled in; faults are named by key and line."""

import os
import re
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from edge.config import Config
from edge.config.faults import Keys, describe_faults, dotted, place
from edge.errors import ConfigError, Fault

Checked = TypeVar("Checked", bound=BaseModel)

_VARIABLE: Final = re.compile(
    r"\$\{(?:([A-Za-z_][A-Za-z0-9_]*)|file:([^}]+)|credential:([A-Za-z0-9_.@-]+))\}"
)
"""``${NAME}``, ``${file:PATH}`` or ``${credential:NAME}``."""

_ADVICE: Final = {
    "STATE_DIRECTORY": "systemd sets it for the service; in a shell say "
    "STATE_DIRECTORY=/var/lib/edge-fer before the command",
    "CREDENTIALS_DIRECTORY": "systemd sets it for the service; in a shell say "
    "CREDENTIALS_DIRECTORY=/etc/edge-fer, or where the files lie, before the command",
}
"""What to do about a variable that is not set, where there is more to say than that."""


class _Loader(yaml.SafeLoader):
    """Takes what looks like a date for text: no key here is one."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_config(path: Path) -> Config:
    """Read and check a configuration file.

    ``${NAME}`` in a value is replaced by that environment variable, ``${file:PATH}`` by the text
    of that file without the line end, ``${credential:NAME}`` by that of a credential of systemd's
    ``LoadCredential=``: so secrets need not stand in the configuration. Paths of all kinds start
    in the folder where the file really lies, also where a link to it was named.

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
        tree, values = _parse(text)
        _refuse_duplicates(tree, path)
        if not isinstance(values, dict):
            key = next(iter(model.model_fields))
            raise _at_the_start(path, f"expected keys such as '{key}:', found none")
        filled = _fill(values, path, tree, ())
    except yaml.YAMLError as error:
        line, column = _mark(error, text)
        what = f"not valid YAML: {_problem(error)}"
        raise ConfigError(Fault(path, line, column, what)) from None
    except RecursionError:
        why = "nested too deeply, or within itself"
        raise _at_the_start(path, f"not a configuration: {why}") from None
    except ValueError as error:
        raise _at_the_start(path, f"not a configuration: {error}") from None
    try:
        return model.model_validate(filled)
    except ValidationError as error:
        raise ConfigError(*describe_faults(error, path, tree, model)) from None


def _parse(text: str) -> tuple[yaml.Node | None, Any]:
    """Return the tree of nodes, which know their places, and what it means."""
    loader = _Loader(text)
    try:
        tree = loader.get_single_node()
        return tree, None if tree is None else loader.construct_document(tree)
    finally:
        loader.dispose()


def _at_the_start(path: Path, what: str) -> ConfigError:
    return ConfigError(Fault(path, 1, 1, what))


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
            mark = key.start_mark
            what = f"{key.value} stands here a second time"
            raise ConfigError(Fault(path, mark.line + 1, mark.column + 1, what))
        seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        _refuse_duplicates(value, path)


def _fill(value: Any, path: Path, tree: yaml.Node | None, key: Keys) -> Any:
    """Replace `_VARIABLE` in every string below `value`."""
    if isinstance(value, dict):
        return {k: _fill(v, path, tree, (*key, k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_fill(v, path, tree, (*key, i)) for i, v in enumerate(value)]
    if not isinstance(value, str):
        return value

    def variable(match: re.Match[str]) -> str:
        name, file, credential = match.groups()
        if file is not None:
            return _secret(path.resolve().parent / file, path, tree, key)
        if credential is not None:
            folder = os.environ.get("CREDENTIALS_DIRECTORY")
            if not folder:
                raise _missing(
                    f"needs the credential {credential}: have the unit load it, "
                    f"LoadCredential={credential}:FILE; {_ADVICE['CREDENTIALS_DIRECTORY']}",
                    path, tree, key,
                )  # fmt: skip
            return _secret(Path(folder) / credential, path, tree, key)
        if name not in os.environ:
            raise _missing(
                f"needs the environment variable {name}: {_ADVICE.get(name, 'set it')}",
                path, tree, key,
            )  # fmt: skip
        return os.environ[name]

    return _VARIABLE.sub(variable, value)


def _secret(file: Path, path: Path, tree: yaml.Node | None, key: Keys) -> str:
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise _missing(f"needs the file {file.absolute()}: {reason}", path, tree, key) from None


def _missing(what: str, path: Path, tree: yaml.Node | None, keys: Keys) -> ConfigError:
    line, column, _ = place(tree, keys)
    return ConfigError(Fault(path, line, column, f"{dotted(keys)} {what}"))


def _mark(error: yaml.YAMLError, text: str) -> tuple[int, int]:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return mark.line + 1, mark.column + 1
    before = text[: getattr(error, "position", 0)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _problem(error: yaml.YAMLError) -> str:
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or error
    return " ".join(str(said).split())
