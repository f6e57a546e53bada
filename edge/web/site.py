"""What the page and the API tell of, in one value."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from edge.config import Config
from edge.publish.event_log import EventLog
from edge.web.picture.view import CameraView


@dataclass
class Site:
    """The box, as those who look at it see it.

    A reload gives it another `config` and other `views`, each replaced as a whole.

    Attributes
    ----------
    config
        All of ``config.yaml``.
    views
        The cameras by name.
    events
        The newest events of all cameras.
    registry
        What ``/metrics`` shows.
    broker_connected
        Tells whether the broker accepts our messages.
    stop
        Ends the streams.
    last_turn
        Tells when the daemon's main loop last came round, in monotonic seconds.
    """

    config: Config
    views: Mapping[str, CameraView]
    events: EventLog
    registry: CollectorRegistry
    broker_connected: Callable[[], bool]
    stop: threading.Event
    last_turn: Callable[[], float] = field(default=time.monotonic)
