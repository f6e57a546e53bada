"""How the box and its cameras are doing, as the JSON of the API."""

import threading
import time
from datetime import UTC, datetime
from typing import Any, Final

from flask import json

import edge
from edge.web.picture.view import CameraView
from edge.web.site import Site

_SECONDS: Final = 0.25
"""The state is not described more often than this, however many listen."""

_GROWING: Final = ("last_frame_age", "offline_seconds", "online")
"""Figures of a connection that time alone changes."""


class BoxState:
    """Describes the box and its cameras, to any thread."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._due = 0.0
        self._text = ""
        self._told = ""
        self._version = 0

    def camera(self, view: CameraView) -> dict[str, Any]:
        """Return how a camera is doing, with null for what privacy hides."""
        camera = view.describe()
        camera["faces"] = [{"track": None, "box": None, **face} for face in camera["faces"]]
        return camera

    def box(self) -> dict[str, Any]:
        """Return everything that the page shows of this moment."""
        site = self._site
        return {
            "node": site.config.node,
            "version": edge.__version__,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "broker": {
                "name": f"{site.config.mqtt.host}:{site.config.mqtt.port}",
                "connected": site.broker_connected(),
            },
            "cameras": [self.camera(view) for view in site.views.values()],
        }

    def newest(self) -> tuple[int, str]:
        """Return `box` as text, and a number that is another one when something changed.

        It is made once for all who listen.
        """
        with self._lock:
            if time.monotonic() >= self._due:
                self._due = time.monotonic() + _SECONDS
                box = self.box()
                self._text = json.dumps(box)
                told = json.dumps(_lasting(box))
                self._version += told != self._told
                self._told = told
            return self._version, self._text


def _lasting(box: dict[str, Any]) -> dict[str, Any]:
    """Return the state without what changes by time alone."""
    cameras = [
        camera
        | {"connection": {k: v for k, v in camera["connection"].items() if k not in _GROWING}}
        for camera in box["cameras"]
    ]
    return box | {"time": None, "cameras": cameras}
