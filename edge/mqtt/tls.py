"""Trust in the broker, and proof of who we are."""

import ssl
from pathlib import Path

from edge.certificate import load_pair, readable
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
        path = readable(folder / config.ca, "mqtt.tls.ca")
        try:
            context.load_verify_locations(path)
        except ssl.SSLError:
            raise ConfigError(f"mqtt.tls.ca: {path} holds no certificates in PEM form") from None
    if config.certificate is not None and config.key is not None:
        load_pair(context, folder / config.certificate, folder / config.key, "mqtt.tls")
    return context
