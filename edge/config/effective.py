"""The configuration that is in force, as far as it may be shown."""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr

from edge.config.model import Config
from edge.redact import HIDDEN, redact

_SECRET: Final = re.compile(r"password|token|secret|hash", re.IGNORECASE)


def describe_config(config: Config) -> dict[str, Any]:
    """Return all keys of ``config.yaml``, defaults filled in, secrets hidden, URLs shortened."""
    shown: dict[str, Any] = _shown(config.model_dump(mode="json"))
    return shown


def secrets_of(config: Config) -> frozenset[str]:
    """Return the values that nobody may see: passwords, hashes, and what URLs hold of them."""
    return frozenset(secret for secret in _secrets(config) if secret)


def _shown(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _shown(inner, str(name)) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shown(inner, key) for inner in value]
    if not isinstance(value, str):
        return value
    return HIDDEN if _SECRET.search(key) else redact(value)


def _secrets(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for _, inner in value:
            yield from _secrets(inner)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _secrets(inner)
    elif isinstance(value, str) and "://" in value:
        try:
            password = urlsplit(value).password or ""
        except ValueError:
            password = ""
        yield from (value if redact(value) != value else "", password, unquote(password))
