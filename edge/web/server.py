"""Waitress, on a thread of its own."""

import logging
import threading
import time
from typing import Final

from flask import Flask
from waitress.server import create_server

from edge.config import WebConfig
from edge.errors import EdgeFerError

_SPARE_THREADS: Final = 4
"""Beside one a viewer, so that the page and the metrics answer while all streams are taken."""


class WebServer:
    """Serves the application until it is stopped.

    Raises
    ------
    EdgeFerError
        If the address cannot be bound.
    """

    def __init__(self, app: Flask, config: WebConfig) -> None:
        # Viewers come and go, and a burst of them queues for a moment: nothing to tell.
        logging.getLogger("waitress").setLevel(logging.WARNING)
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        try:
            self._server = create_server(
                app,
                host=config.host,
                port=config.port,
                threads=config.max_viewers + _SPARE_THREADS,
                ident=None,
                clear_untrusted_proxy_headers=True,
            )
        except OSError as error:
            raise EdgeFerError(
                f"cannot listen on {config.host}:{config.port}: {error.strerror}: "
                "set web.port to a free one"
            ) from None
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self, deadline: float) -> None:
        """Close the socket and let the streams end, by the monotonic time `deadline`."""
        # On the server's own thread: its sockets must not vanish under its select().
        self._server.trigger.pull_trigger(self._close_all)
        self._thread.join(max(0.0, deadline - time.monotonic()))
        self._server.task_dispatcher.shutdown(timeout=max(0.0, deadline - time.monotonic()))

    def _close_all(self) -> None:
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()
        self._server.close()
