"""``edge-fer discovery``: what Home Assistant is told, and how it is taken back."""

import json
import re
from ipaddress import ip_address
from typing import Any, Final

import click

from edge.config import Config
from edge.config.mqtt import TOPIC_PATTERN
from edge.errors import ConfigError
from edge.home_assistant.discovery import DEFAULT_PREFIX, announcements
from edge.home_assistant.removal import remove_announcements, visible

_COLUMNS: Final = ("entity", "platform", "topic", "unit or class")


def show(config: Config, prefix: str | None, as_json: bool) -> None:
    """Print every camera's entities, or the payloads by their topics.

    Parameters
    ----------
    config
        Of this node.
    prefix
        Home Assistant's discovery prefix; None for the configured one, or its default.
    as_json
        Whether to print the payloads.
    """
    messages = announcements(config, _prefix(config, prefix))
    if as_json:
        click.echo(json.dumps(messages))
        return
    for topic, payload in messages.items():
        click.echo(f"{payload['device']['name']}: {topic}")
        rows = [_row(entity) for entity in payload["components"].values() if len(entity) > 1]
        widths = [max(map(len, column)) for column in zip(_COLUMNS, *rows, strict=True)]
        for row in (_COLUMNS, *rows):
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            click.echo(f"  {'  '.join(cells)}".rstrip())
    click.echo(_is_it_on(config), err=True)


def remove(config: Config, prefix: str | None) -> None:
    """Delete what this node has announced, and say how much that was.

    Raises
    ------
    ConfigError
        If the prefix is none, or a certificate is not there.
    EdgeFerError
        If the broker does not do it.
    """
    where = _prefix(config, prefix)
    topics = remove_announcements(config, where)
    for topic in topics:
        click.echo(visible(topic))
    count = len(topics)
    click.echo(f"removed {count} camera{'' if count == 1 else 's'} of {config.node}", err=True)
    if topics and config.mqtt.discovery == where:
        click.echo(
            "a daemon that runs announces them again: set mqtt.discovery to null, and restart it",
            err=True,
        )


def _prefix(config: Config, prefix: str | None) -> str:
    if prefix is not None and not re.match(TOPIC_PATTERN, prefix):
        raise ConfigError(f"--prefix {prefix} cannot begin a topic")
    return prefix or config.mqtt.discovery or DEFAULT_PREFIX


def _row(entity: dict[str, Any]) -> tuple[str, str, str, str]:
    kind = [entity.get("unit_of_measurement"), entity.get("device_class")]
    if "options" in entity:
        kind.append(", ".join(entity["options"]))
    if "event_types" in entity:
        kind.append(", ".join(entity["event_types"]))
    if "command_topic" in entity:
        kind.append(f"{entity['payload_on']} | {entity['payload_off']}")
    if not entity.get("enabled_by_default", True):
        kind.append("(disabled at first)")
    topic = entity.get("command_topic") or entity.get("state_topic") or entity["topic"]
    return entity["name"], entity["platform"], topic, " ".join(filter(None, kind))


def _is_it_on(config: Config) -> str:
    if config.mqtt.discovery is None:
        return f"discovery is off: set mqtt.discovery to {DEFAULT_PREFIX} to announce these"
    where = f"discovery is on, below {config.mqtt.discovery}/ on {config.mqtt.host}"
    if config.mqtt.embedded and ip_address(config.mqtt.listen).is_loopback:
        return (
            f"{where}: only a Home Assistant on this box reaches the embedded broker; for another, "
            "set mqtt.broker to its host, or mqtt.listen"
        )
    return where
