"""Where the page is, for the log."""

import logging
import socket
from ipaddress import ip_address

from edge.config import WebConfig

log = logging.getLogger(__name__)


def announce(config: WebConfig) -> None:
    """Tell where to look, and what is unwise about it."""
    address = ip_address(config.host)
    if address.is_unspecified:
        # A certificate is made for a name of web.hosts rather than for the machine's own.
        host = next(iter(config.hosts), socket.gethostname())
    else:
        host = f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004 - IPv6
    scheme = "http" if config.tls is None else "https"
    log.info("watch %s://%s:%d/", scheme, host, config.port)
    if config.beyond_loopback and config.tls is None:
        log.warning(
            "web: passwords and pictures travel openly: set web.tls, or web.host to 127.0.0.1 "
            "behind a proxy that encrypts"
        )
    if config.proxies and not config.has_login:
        log.warning(
            "web: whoever gets through to the proxy sees and commands the cameras: set a login, "
            "or let the proxy ask for one"
        )
