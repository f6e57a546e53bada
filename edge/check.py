"""``edge-fer check``: what a configuration means, whether it is right, and whether it is wise."""

import errno
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import yaml

from edge.capture import make_source
from edge.capture.factory import refuse_no_camera_at_all, webcam_device
from edge.capture.webcam import no_device
from edge.classify import load_classifier
from edge.config import Config
from edge.config.advice import unwise
from edge.config.effective import describe_config
from edge.config.file import load_config
from edge.detect import make_finder
from edge.errors import ConfigError, EdgeFerError, Fault
from edge.mqtt.publisher import check_mqtt
from edge.port import port_fault
from edge.web.server.tls import channel_factory


def check(path: Path, as_json: bool) -> int:
    """Print the configuration with its defaults as YAML or JSON, and what is wrong or unwise.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    EdgeFerError
        What is wrong, but where JSON tells it.
    """
    try:
        config = load_config(path)
        examine(config)
    except EdgeFerError as error:
        if not as_json:
            raise
        faults = error.faults if isinstance(error, ConfigError) else (str(error),)
        told = [_as_object(fault) for fault in faults]
        click.echo(json.dumps({"valid": False, "errors": told, "warnings": []}))
        return error.exit_code
    warnings = [*map(str, unwise(config, path)), *absent_webcams(config), *taken_ports(config)]
    if as_json:
        shown = describe_config(config)
        click.echo(json.dumps({"valid": True, "errors": [], "warnings": warnings, "config": shown}))
        return 0
    names = ", ".join(config.cameras)
    told_in_a_line = f"node {config.node}, cameras {names} (brokers are not asked)"
    click.echo(f"# {path} is valid: {told_in_a_line}")
    click.echo(
        yaml.safe_dump(describe_config(config), sort_keys=False, allow_unicode=True, width=100),
        nl=False,
    )
    for line in warnings:
        click.echo(f"warning: {line}", err=True)
    return 0


def examine(config: Config) -> None:
    """See whether what a configuration names is there, and is what it should be.

    Raises
    ------
    EdgeFerError
        If not.
    """
    refuse_no_camera_at_all(config.cameras)
    check_mqtt(config.mqtt, config.folder)
    channel_factory(config.web, config.folder)
    for name, camera in config.cameras.items():
        try:
            make_source(camera, config.folder)
            make_finder(camera.detect)
            load_classifier(camera.classify, config.folder)
        except EdgeFerError as error:
            raise type(error)(f"camera {name}: {error}") from None


def absent_webcams(config: Config) -> Iterator[str]:
    """Give a line for each webcam that is not there now: the daemon waits for it."""
    for name, camera in config.cameras.items():
        device = webcam_device(camera.source)
        if device is not None and not Path(device).exists():
            yield f"camera {name}: {no_device(device)}"


def taken_ports(config: Config) -> Iterator[str]:
    """Give a line for each port that somebody else, a running daemon say, listens on."""
    ports = {"web.port": (config.web.host, config.web.port)}
    if config.mqtt.embedded:
        ports["mqtt.port"] = (config.mqtt.listen, config.mqtt.port)
    for key, (host, port) in ports.items():
        fault = port_fault(host, port)
        if fault is not None and fault.errno == errno.EADDRINUSE:
            yield f"{key}: {host}:{port} is taken now: by edge-fer itself, if it runs already"
        elif fault is not None:
            yield f"{key}: cannot listen on {host}:{port}: {fault.strerror}"


def _as_object(fault: str | Fault) -> dict[str, Any]:
    if isinstance(fault, str):
        return {"message": fault, "line": None, "column": None}
    return {"message": fault.what, "line": fault.line, "column": fault.column}
