"""Where the page is, for the log."""

import logging
import socket
from ipaddress import ip_address

from edge.config import WebConfig
from edge.config.advice import unwise_web

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
    for line in unwise_web(config):
        log.warning("%s", line)
