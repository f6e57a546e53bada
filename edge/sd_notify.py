"""What systemd is told: sd_notify(3), the datagram protocol of ``Type=notify`` services."""

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)


class Notifier:
    """Sends states to the service manager that started us; does nothing without one.

    Parameters
    ----------
    environment
        Where ``NOTIFY_SOCKET`` and ``WATCHDOG_USEC`` are looked for.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # A name that begins with @ is in Linux' abstract namespace.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.heard = bool(address)
        """Whether a service manager listens."""
        for_us = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        limit = environment.get("WATCHDOG_USEC", "") if for_us else ""
        self.watchdog_seconds = int(limit) / 1e6 if limit.isdigit() else None
        """Without a sign of life for this long we are killed; None where nobody watches."""

    def send(self, *states: str) -> None:
        """Send lines such as ``READY=1`` or ``STATUS=3 cameras``."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(1.0)
                sender.sendto("\n".join(states).encode(), self._address)
        except OSError as error:
            log.debug("systemd cannot be told %s: %s", states, error)
