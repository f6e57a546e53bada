"""A box whose web application answers, without its daemon."""

import threading
import time
from typing import Any

import numpy as np
from flask.testing import FlaskClient

from edge.capture.health import SourceHealth
from edge.capture.picture import ColourPicture
from edge.capture.state import SourceState
from edge.config import Config
from edge.metrics import Metrics
from edge.privacy import Privacy
from edge.publish.event_log import EventLog
from edge.publish.messages import ModelMessage
from edge.publish.writer import MessageWriter
from edge.records import Box, Event, Frame, Track
from edge.web.app import create_app
from edge.web.picture.view import CameraView
from edge.web.site import Site

HAPPY = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)


class WebBox:
    """Cameras that are online and show what the test says."""

    def __init__(self, **config: Any) -> None:
        config.setdefault("cameras", {"door": {"source": "demo"}})
        self.config = Config.model_validate(config)
        self.stop = threading.Event()
        self.metrics = Metrics()
        self.events = EventLog()
        self.healths = {name: SourceHealth() for name in self.config.cameras}
        self.privacy = {n: Privacy(camera.privacy) for n, camera in self.config.cameras.items()}
        self.views = {
            name: CameraView(
                name,
                camera.stream,
                self.metrics.camera(name, self.privacy[name].individuals),
                self.healths[name],
                privacy=self.privacy[name],
                events=self.events,
            )
            for name, camera in self.config.cameras.items()
        }
        for health in self.healths.values():
            health.move(SourceState.ONLINE)
        self.connected = True
        self.turned = time.monotonic()
        self.app = create_app(
            Site(
                self.config, self.views, self.events, self.metrics.registry,
                lambda: self.connected, self.stop, lambda: self.turned,
            )
        )  # fmt: skip
        self._writers = {
            name: MessageWriter(self.config.node, name, self.privacy[name]) for name in self.views
        }

    @property
    def client(self) -> FlaskClient:
        """Who asks."""
        return self.app.test_client()

    def show(self, camera: str = "door", faces: int = 1) -> None:
        """Let the camera see so many happy faces."""
        self.views[camera].show(_frame(), [_track(number + 1) for number in range(faces)])

    def happen(self, camera: str = "door") -> None:
        """Let a face appear, and be told."""
        writer = self._writers[camera]
        writer.model = ModelMessage(name="fer", sha256="0" * 64)
        event = Event("appeared", _track(1), None, 0.0)
        self.views[camera].announce(writer.event(event, _frame(), time.time()))


def _frame() -> Frame:
    return Frame(
        0, ColourPicture(np.zeros((90, 160, 3), np.uint8)), time.monotonic(), 0.0, time.time()
    )


def _track(number: int) -> Track:
    return Track(number, Box(1, 2, 30, 40), "happy", HAPPY, 0.0, time.time(), 0.0)
