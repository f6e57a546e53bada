"""Trust in the broker, and proof of who we are."""

import ssl
from pathlib import Path

from edge.config.mqtt import TlsConfig
from edge.errors import ConfigError


def make_context(config: TlsConfig, folder: Path) -> ssl.SSLContext:
    """Read the certificates.

    Parameters
    ----------
    config
        Names the files.
    folder
        Where relative paths start.

    Raises
    ------
    ConfigError
        If a file is missing, or is not what it should be. The message names its key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if config.ca is None:
        context.load_default_certs()
    else:
        path = _readable("ca", folder / config.ca)
        try:
            context.load_verify_locations(path)
        except ssl.SSLError:
            raise ConfigError(f"mqtt.tls.ca: {path} holds no certificates in PEM form") from None
    if config.certificate is not None and config.key is not None:
        certificate = _readable("certificate", folder / config.certificate)
        key = _readable("key", folder / config.key)
        _load_ours(context, certificate, key)
    return context


def _load_ours(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        # Without a password of ours OpenSSL would ask for one at the terminal.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            fault = f"mqtt.tls.key: {key} is not the key of {certificate}"
        else:
            fault = (
                f"mqtt.tls.certificate: {certificate} and {key} are not a certificate and its "
                "key, without a password, in PEM form"
            )
        raise ConfigError(fault) from None


def _readable(key: str, path: Path) -> Path:
    try:
        path.read_bytes()
    except OSError as error:
        raise ConfigError(f"mqtt.tls.{key}: cannot read {path}: {error.strerror}") from None
    return path
