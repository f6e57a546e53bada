"""The configuration that is in force, as far as it may be shown."""

import re
from typing import Any, Final

from edge.config import Config
from edge.redact import redact

HIDDEN: Final = "**********"
"""In place of a secret, as pydantic shows its own."""

_SECRET: Final = re.compile(r"password|token|secret|hash", re.IGNORECASE)


def describe_config(config: Config) -> dict[str, Any]:
    """Return all keys of ``config.yaml``, defaults filled in, secrets hidden, URLs shortened."""
    shown: dict[str, Any] = _shown(config.model_dump(mode="json"))
    return shown


def _shown(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _shown(inner, str(name)) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shown(inner, key) for inner in value]
    if not isinstance(value, str):
        return value
    return HIDDEN if _SECRET.search(key) else redact(value)
