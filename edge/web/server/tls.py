"""HTTPS: waitress' connections, encrypted by OpenSSL on the same non-blocking sockets."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from edge.certificate import load_pair
from edge.config.web import WebConfig, WebTlsConfig
from edge.errors import ConfigError
from edge.web.server.channel import Channel

log = logging.getLogger(__name__)

_HANDSHAKE_SECONDS: Final = 10.0
"""A client that has not made itself known within this time is hung up on."""

_RECORD: Final = 16384
"""Bytes that TLS encrypts at a time, at most."""


def channel_factory(config: WebConfig, folder: Path) -> Callable[..., Channel | None]:
    """Return what makes a connection of an accepted socket, encrypted if `config` says so.

    It stands in for waitress' ``channel_class``.

    Parameters
    ----------
    config
        Names the certificate, if there is one.
    folder
        Where relative paths start.

    Raises
    ------
    ConfigError
        If the certificate or its key is missing or is not what it should be.
    """
    if config.tls is None:
        return Channel
    certificate = Certificate(config.tls, folder)

    def encrypted(server: Any, sock: socket.socket, *args: Any, **kwargs: Any) -> Channel | None:
        sock.setblocking(False)
        try:
            wrapped = certificate.context().wrap_socket(
                sock, server_side=True, do_handshake_on_connect=False
            )
        except (OSError, ValueError):  # it has gone already
            sock.close()
            return None
        return TlsChannel(server, wrapped, *args, **kwargs)

    return encrypted


class Certificate:
    """The certificate and its key, read again when the files have changed.

    Parameters
    ----------
    config
        Names the files.
    folder
        Where relative paths start.

    Raises
    ------
    ConfigError
        If a file is missing or is not what it should be.
    """

    def __init__(self, config: WebTlsConfig, folder: Path) -> None:
        self._files = (folder / config.certificate, folder / config.key)
        self._seen = self._times()
        self._context = self._read()

    def context(self) -> ssl.SSLContext:
        """Return what encrypts a new connection, with the newest certificate that is right."""
        times = self._times()
        if times != self._seen:
            self._seen = times
            try:
                self._context = self._read()
                log.info("web: took up the renewed certificate %s", self._files[0])
            except ConfigError as error:  # half renewed, perhaps: the other half changes it again
                log.warning("%s; the former certificate stays in use", error)
        return self._context

    def _read(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.set_alpn_protocols(["http/1.1"])
        load_pair(context, *self._files, "web.tls")
        return context

    def _times(self) -> tuple[int, ...]:
        try:
            return tuple(path.stat().st_mtime_ns for path in self._files)
        except OSError:
            return ()


class TlsChannel(Channel):
    """A connection whose bytes go through OpenSSL.

    Waitress reads on its loop and writes on the loop and on worker threads; OpenSSL's state of a
    connection bears one at a time, hence the lock, which is held for one non-blocking call only.
    """

    socket: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._tls = threading.Lock()
        self._began = time.monotonic()
        self._shaken = False
        self._shake_writes = False
        super().__init__(*args, **kwargs)

    def readable(self) -> bool:
        """Tell the loop whether to read; while hands are shaken, OpenSSL knows."""
        if self._shaken:
            return super().readable()
        if time.monotonic() - self._began > _HANDSHAKE_SECONDS:
            self.will_close = True
        return not self._shake_writes

    def writable(self) -> bool:
        """Tell the loop whether to write."""
        if self._shaken or self.will_close:
            return bool(super().writable())
        return self._shake_writes

    def handle_read(self) -> None:
        """Read a record, and so all that OpenSSL holds: select() would not see a rest of it."""
        if not self._shaken:
            self._shake()
            return
        try:
            with self._tls:
                data = self.socket.recv(_RECORD) if self.socket else b""
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError:
            data = b""
        if not data:
            self.handle_close()
            return
        self.last_activity = time.time()  # waitress keeps wall-clock time
        self.received(data)

    def handle_write(self) -> None:
        """Write what waits, or go on with the handshake."""
        if self._shaken or self.will_close:
            super().handle_write()
        else:
            self._shake()

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send a part of `data`; return how much of it, 0 if nothing goes at present."""
        try:
            with self._tls:
                # One record: OpenSSL wants to see the same bytes again if it could not send them.
                return int(self.socket.send(data[:_RECORD])) if self._shaken and self.socket else 0
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        except OSError:
            self.will_close = True
        if do_close:
            self.handle_close()
        return 0

    def del_channel(self, map: Any = None) -> None:  # noqa: A002 - waitress calls it so
        """Say goodbye, so that the other side knows that nothing was cut off, and close.

        It is the part of waitress' closing that comes before the socket's own.
        """
        super().del_channel(map)
        with self._tls:
            closing, self.socket = self.socket, None
            if closing is None:
                return
            if self._shaken:
                with suppress(OSError, ValueError):
                    closing.unwrap()
            closing.close()

    def _shake(self) -> None:
        try:
            with self._tls:
                if self.socket is None:  # hung up on in the same round of the loop
                    return
                self.socket.do_handshake()
        except ssl.SSLWantReadError:
            self._shake_writes = False
        except ssl.SSLWantWriteError:
            self._shake_writes = True
        except (OSError, ValueError):  # plain HTTP, no TLS version in common, no trust, gone
            self.handle_close()
        else:
            self._shaken = True
