"""How the box and its cameras are doing, as the JSON of the API."""

import threading
import time
from datetime import UTC, datetime
from typing import Any, Final

from flask import json

import edge
from edge.web.site import Site
from edge.web.view import CameraView

_SECONDS: Final = 0.25
"""The state is not described more often than this, however many listen."""

_GROWING: Final = ("last_frame_age", "offline_seconds", "online")
"""Figures of a connection that time alone changes."""


def describe_camera(view: CameraView) -> dict[str, Any]:
    """Return how a camera is doing, with null for what privacy hides."""
    camera = view.describe()
    camera["faces"] = [{"track": None, "box": None, **face} for face in camera["faces"]]
    if camera["privacy"] == "aggregate":
        camera["latency"] = None  # every face takes its time: it would count them
    return camera


def describe_box(site: Site) -> dict[str, Any]:
    """Return everything that the page shows of this moment."""
    mqtt = site.config.mqtt
    return {
        "node": site.config.node,
        "version": edge.__version__,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "broker": {"name": f"{mqtt.host}:{mqtt.port}", "connected": site.broker_connected()},
        "cameras": [describe_camera(view) for view in site.views.values()],
    }


class SharedState:
    """The state of the box as text, described once for all who listen; for any thread."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._due = 0.0
        self._text = ""
        self._told = ""
        self._version = 0

    def newest(self) -> tuple[int, str]:
        """Return the state as JSON, and a number that is another one when something changed."""
        with self._lock:
            if time.monotonic() >= self._due:
                self._due = time.monotonic() + _SECONDS
                box = describe_box(self._site)
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
