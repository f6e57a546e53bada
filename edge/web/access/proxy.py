"""Reverse proxies: who asked them, by which name, and which of them are believed."""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final

from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Network = IPv4Network | IPv6Network

_FORWARDED: Final = ("FOR", "PROTO", "HOST", "PORT", "PREFIX", "SERVER", "BY")
_SANE: Final = {
    "HTTP_X_FORWARDED_PROTO": re.compile(r"https?"),
    "HTTP_X_FORWARDED_PREFIX": re.compile(r"(/[\w.~-]+)+", re.ASCII),
}
"""Most proxies hand on what they do not set themselves, from whomever it comes."""


class Forwarded:
    """Takes ``X-Forwarded-For``, ``-Proto``, ``-Host`` and ``-Prefix`` from known proxies only.

    Parameters
    ----------
    app
        Sees the client's address, scheme, host and prefix as if there were no proxy.
    proxies
        Addresses that are believed; the headers of all others are taken off.
    """

    def __init__(self, app: "WSGIApplication", proxies: Sequence[Network]) -> None:
        self._app = app
        self._proxies = proxies
        self._fixed = ProxyFix(app, x_for=0, x_proto=1, x_host=1, x_prefix=1)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request."""
        environ.pop("HTTP_FORWARDED", None)
        sender = as_address(environ["REMOTE_ADDR"])
        if sender is None or not self._trusts(sender):
            for name in _FORWARDED:
                environ.pop(f"HTTP_X_FORWARDED_{name}", None)
            return self._app(environ, start_response)
        for name, sane in _SANE.items():
            if not sane.fullmatch(environ.get(name, "")):
                environ.pop(name, None)
        environ["REMOTE_ADDR"] = str(self._client(sender, environ.get("HTTP_X_FORWARDED_FOR", "")))
        return self._fixed(environ, start_response)

    def _client(self, sender: IPv4Address | IPv6Address, told: str) -> IPv4Address | IPv6Address:
        """Return the last address of the chain that is no proxy: what it says itself is hearsay."""
        for text in reversed(told.split(",")):
            address = as_address(text.strip())
            if address is None:
                break
            sender = address
            if not self._trusts(address):
                break
        return sender

    def _trusts(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._proxies)


def as_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that `text` is, IPv4 also where it is dressed as IPv6; None for others."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
