"""What a valid configuration had better not say."""

import stat
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from edge.capture.factory import webcam_device
from edge.config.effective import secrets_of
from edge.config.model import Config
from edge.config.mqtt import MqttConfig
from edge.config.web import WebConfig

_FEW: Final = 256
"""Addresses of reverse proxies: more are a network that anybody may be in."""


def unwise(config: Config, path: Path) -> list[str]:
    """Return what should be thought over, a line each.

    Parameters
    ----------
    config
        A valid one.
    path
        The file that it was read from.
    """
    return [
        *unwise_web(config.web),
        *_unwise_mqtt(config.mqtt),
        *_unwise_cameras(config),
        *_open_secrets(config, path),
    ]


def unwise_web(web: WebConfig) -> Iterator[str]:
    """Give what is unwise about the page."""
    if web.beyond_loopback and web.tls is None:
        yield (
            "web: passwords and pictures travel openly: set web.tls, or web.host to 127.0.0.1 "
            "behind a proxy that encrypts"
        )
    if web.proxies and not web.has_login:
        yield (
            "web: whoever gets through to the proxy sees and commands the cameras: set a login, "
            "or let the proxy ask for one"
        )
    for network in web.proxies:
        if network.num_addresses > _FEW:
            yield f"web.proxies: anybody in {network} may claim to be a proxy: name the proxy alone"


def _unwise_mqtt(mqtt: MqttConfig) -> Iterator[str]:
    if mqtt.tls is not None or _is_loopback(mqtt.host if not mqtt.embedded else mqtt.listen):
        return
    if mqtt.embedded:
        yield (
            "mqtt: the embedded broker has no TLS, so that events and the password travel openly: "
            "use mosquitto beyond a network of your own"
        )
    elif mqtt.username is not None:
        yield "mqtt: events and the password travel openly: set mqtt.tls"
    else:
        yield "mqtt: events travel openly, and without a login: set mqtt.tls and mqtt.username"


def _unwise_cameras(config: Config) -> Iterator[str]:
    owners: dict[str, str] = {}
    for name, camera in config.cameras.items():
        source = str(camera.source)
        device = webcam_device(camera.source)
        if device is not None and owners.setdefault(device, name) != name:
            yield f"cameras.{name}: {device} is read by {owners[device]} already, and serves one"
        if "://" in source and "@" in source:
            yield (
                f"cameras.{name}: the login stands in the URL: username, and password from "
                '"${file:...}", keep it out of what programs show'
            )
        if source.lower().startswith("http://") and camera.username is not None:
            yield f"cameras.{name}: user and password travel openly: use https:// if it has that"
    if config.mqtt.embedded and config.mqtt.port == config.web.port:
        yield f"mqtt.port and web.port are both {config.web.port}: only one of them will get it"


def _open_secrets(config: Config, path: Path) -> Iterator[str]:
    """Give a line if the file holds a secret and others on the box may read it."""
    if not path.stat().st_mode & stat.S_IROTH:
        return
    text = path.read_text(encoding="utf-8")
    if any(secret in text for secret in secrets_of(config)):
        yield (
            f"everybody on this box may read {path}, and it holds a password: chmod o-r {path}, "
            'or "${file:...}" in its place'
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
