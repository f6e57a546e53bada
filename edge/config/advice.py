"""What a valid configuration had better not say."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Unwise:
    """What is unwise, and what to do about it."""

    what: str
    advice: str

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.what}: {self.advice}"


def unwise(config: Config, path: Path) -> list[Unwise]:
    """Return what should be thought over.

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


def unwise_web(web: WebConfig) -> Iterator[Unwise]:
    """Give what is unwise about the page."""
    if web.beyond_loopback and web.tls is None:
        yield Unwise(
            "web: passwords and pictures travel openly",
            "set web.tls, or web.host to 127.0.0.1 behind a proxy that encrypts",
        )
    if web.proxies and not web.has_login:
        yield Unwise(
            "web: whoever gets through to the proxy sees and commands the cameras",
            "set a login, or let the proxy ask for one",
        )
    for network in web.proxies:
        if network.num_addresses > _FEW:
            what = f"web.proxies: anybody in {network} may claim to be a proxy"
            yield Unwise(what, "name the proxy alone")


def _unwise_mqtt(mqtt: MqttConfig) -> Iterator[Unwise]:
    if mqtt.tls is not None or _is_loopback(mqtt.listen if mqtt.embedded else mqtt.broker):
        return
    if mqtt.embedded:
        yield Unwise(
            "mqtt: the embedded broker has no TLS, so that events and the password travel openly",
            "use mosquitto beyond a network of your own",
        )
    elif mqtt.username is not None:
        yield Unwise("mqtt: events and the password travel openly", "set mqtt.tls")
    else:
        what = "mqtt: events travel openly, and without a login"
        yield Unwise(what, "set mqtt.tls and mqtt.username")


def _unwise_cameras(config: Config) -> Iterator[Unwise]:
    owners: dict[str, str] = {}
    for name, camera in config.cameras.items():
        source, key = str(camera.source), f"cameras.{name}"
        device = webcam_device(camera.source)
        if device is not None and owners.setdefault(device, name) != name:
            what = f"{key}: {device} is read by {owners[device]} already"
            yield Unwise(
                what, "a webcam serves one camera; detect.include and mask part its picture"
            )
        if "://" in source and "@" in source:
            advice = 'set username, and password to "${file:...}"'
            yield Unwise(f"{key}: the login stands in the URL", advice)
        if source.lower().startswith("http://") and camera.username is not None:
            what = f"{key}: user and password travel openly"
            yield Unwise(what, "use https:// if the camera has that")
    if config.mqtt.embedded and config.mqtt.port == config.web.port:
        what = f"mqtt.port and web.port are both {config.web.port}"
        yield Unwise(what, "set one of them to another")


def _open_secrets(config: Config, path: Path) -> Iterator[Unwise]:
    """Give a line if the file holds a secret and others on the box may read it."""
    if not path.stat().st_mode & stat.S_IROTH:
        return
    text = path.read_text(encoding="utf-8")
    if any(secret in text for secret in secrets_of(config)):
        yield Unwise(
            f"everybody on this box may read {path}, and it holds a password",
            'put "${credential:NAME}" in its place, as docs/service.md has it, or "${file:...}"; '
            "by hand, chmod o-r: the service may read only what everybody may",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
