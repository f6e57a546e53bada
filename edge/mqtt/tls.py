"""Trust in the broker, and proof of who we are."""

import ssl
from pathlib import Path
from typing import Any

from edge.certificate import load_pair, readable
from edge.config.mqtt import TlsConfig
from edge.errors import ConfigError


class _ListeningSocket(ssl.SSLSocket):
    """Hears out a broker that has hung up before we wrote.

    In TLS 1.3 a client is done with the handshake before the broker has looked at its certificate.
    One that wants another sends an alert and closes; what we write next only fails with "EOF",
    and the alert, which has the reason, still waits to be read.
    """

    def send(self, data: Any, flags: int = 0) -> int:
        try:
            return super().send(data, flags)
        except ssl.SSLEOFError:
            self.recv(1)  # raises what the alert says
            raise


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
    context.sslsocket_class = _ListeningSocket
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
