"""Waitress, on a thread of its own."""

import errno
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from flask import Flask
from waitress.channel import HTTPChannel
from waitress.server import create_server

from edge.config import WebConfig
from edge.errors import EdgeFerError
from edge.web.server.channel import LIMITS, Channel
from edge.web.server.tls import channel_factory
from edge.web.server.uploads import Uploads

log = logging.getLogger(__name__)

_SPARE_THREADS: Final = 8
"""Beside one a stream and one a listener to events, of which there are as many: so that the page
and the metrics answer while all of them are taken."""

_WAITING_BYTES: Final = 64 * 1024
"""More than this must be gone before more is written to a client, and memory is used anew."""


class WebServer:
    """Serves the application until it is stopped.

    Parameters
    ----------
    app
        What answers.
    config
        Where to listen, and the certificate.
    folder
        Where relative paths in `config` start.

    Raises
    ------
    EdgeFerError
        If the address cannot be bound, or the certificate is not right.
    """

    def __init__(self, app: Flask, config: WebConfig, folder: Path | None = None) -> None:
        # Viewers come and go, and a burst of them queues for a moment: nothing to tell.
        logging.getLogger("waitress").setLevel(logging.WARNING)
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        channel_class = channel_factory(config, folder or Path())
        try:
            self._server = create_server(
                app,
                host=config.host,
                port=config.port,
                threads=2 * config.max_viewers + _SPARE_THREADS,
                outbuf_high_watermark=_WAITING_BYTES,
                outbuf_overflow=sys.maxsize,  # what is bounded needs no temporary file
                channel_request_lookahead=1,  # or nobody notices that a viewer left
                ident=None,
                url_scheme="http" if config.tls is None else "https",
                clear_untrusted_proxy_headers=False,  # proxy.py does it, and knows whom to trust
                **LIMITS,
            )
        except OSError as error:
            raise EdgeFerError(
                f"cannot listen on {config.host}:{config.port}: {error.strerror}: {_advice(error)}"
            ) from None
        self._server.channel_class = _careful(channel_class)
        self._server.uploads = Uploads()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    @property
    def error(self) -> Exception | None:
        """What ended it between `start` and `stop`; None while it answers."""
        if self._error is None and not (self._thread.is_alive() and self._server.accepting):
            # An exception at the listening socket makes waitress close it and go on without.
            return EdgeFerError("it accepts no connections any more")
        return self._error

    def stop(self, deadline: float) -> None:
        """Close the socket and let the streams end, by the monotonic time `deadline`."""
        # On the server's own thread: its sockets must not vanish under its select().
        with suppress(OSError):  # it may have done so before the trigger is pulled
            self._server.trigger.pull_trigger(self._close_all)
        self._thread.join(max(0.0, deadline - time.monotonic()))
        self._server.task_dispatcher.shutdown(timeout=max(0.0, deadline - time.monotonic()))

    def _channels(self) -> list[HTTPChannel]:
        return list(self._server.active_channels.values())

    def _serve(self) -> None:
        try:
            self._server.run()
        except Exception as error:  # noqa: BLE001 - whatever it is, the daemon ends of it
            self._error = error

    def _close_all(self) -> None:
        for channel in self._channels():
            channel.handle_close()
        self._server.close()


def _advice(error: OSError) -> str:
    if error.errno == errno.EADDRNOTAVAIL:
        return "set web.host to an address of this box, or to 0.0.0.0 for all"
    return "set web.port to a free one"


def _careful(make: Callable[..., Channel | None]) -> Callable[..., Channel | None]:
    """Let a connection that cannot be made harm no other."""

    def accepted(server: Any, sock: socket.socket, *args: Any, **kwargs: Any) -> Channel | None:
        try:
            return make(server, sock, *args, **kwargs)
        except Exception:
            log.exception("web: a connection could not be accepted")
            sock.close()
            return None

    return accepted
