"""Waitress, on a thread of its own."""

import logging
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from flask import Flask
from waitress.channel import HTTPChannel
from waitress.server import create_server

from edge.config import WebConfig
from edge.errors import EdgeFerError
from edge.web.server.channel import LIMITS
from edge.web.server.tls import channel_factory

_SPARE_THREADS: Final = 8
"""Beside one a stream and one a listener to events, of which there are as many: so that the page
and the metrics answer while all of them are taken."""

_WAITING_BYTES: Final = 64 * 1024
"""More than this must be gone before more is written to a client, and memory is used anew."""

_STUCK_SECONDS: Final = 15.0
"""A client that takes nothing of what waits for it for this long is hung up on."""


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
                f"cannot listen on {config.host}:{config.port}: {error.strerror}: "
                "set web.port to a free one"
            ) from None
        self._server.channel_class = channel_class
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def drop_stuck_viewers(self) -> None:
        """Hang up on those who take nothing any more, so that their seats come free.

        Waitress itself waits for them without a limit. Called from time to time.
        """
        oldest = time.time() - _STUCK_SECONDS  # waitress keeps wall-clock time
        if any(_stuck(channel, oldest) for channel in self._channels()):
            self._server.trigger.pull_trigger(lambda: self._drop(oldest))

    def stop(self, deadline: float) -> None:
        """Close the socket and let the streams end, by the monotonic time `deadline`."""
        # On the server's own thread: its sockets must not vanish under its select().
        with suppress(OSError):  # it may have done so before the trigger is pulled
            self._server.trigger.pull_trigger(self._close_all)
        self._thread.join(max(0.0, deadline - time.monotonic()))
        self._server.task_dispatcher.shutdown(timeout=max(0.0, deadline - time.monotonic()))

    def _channels(self) -> list[HTTPChannel]:
        return list(self._server.active_channels.values())

    def _drop(self, oldest: float) -> None:
        for channel in self._channels():
            if _stuck(channel, oldest):
                channel.handle_close()

    def _close_all(self) -> None:
        for channel in self._channels():
            channel.handle_close()
        self._server.close()


def _stuck(channel: HTTPChannel, oldest: float) -> bool:
    return bool(channel.total_outbufs_len > 0 and channel.last_activity < oldest)
