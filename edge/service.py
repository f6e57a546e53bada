"""What the service manager sees: ready, how the cameras do, and that frames still flow."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from edge.capture.state import SourceState
from edge.sd_notify import Notifier
from edge.supervisor import Supervisor

log = logging.getLogger(__name__)

_READY_SECONDS: Final = 60.0
_STATUS_SECONDS: Final = 5.0
_KNOWN: Final = {SourceState.ONLINE, SourceState.OFFLINE, SourceState.ENDED}


class Service:
    """Tells systemd about the cameras; polled by the daemon's main loop.

    READY is sent when the first camera has given frames or is known to be offline, and after a
    minute at the latest: systemd waits for no more than its ``TimeoutStartSec``. The watchdog is
    fed only while every camera makes progress: frames come out of its pipeline, or its reconnect
    loop tries, or its restart is planned.

    Parameters
    ----------
    cameras
        All of them.
    notifier
        Takes the messages.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        cameras: Sequence[Supervisor],
        notifier: Notifier,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cameras = cameras
        self._notifier = notifier
        self._clock = clock
        self._began = clock()
        self._ready = False
        self._next_status = 0.0
        self._next_feed = 0.0

    def poll(self) -> None:
        """Send what is due."""
        now = self._clock()
        known = any(camera.state in _KNOWN for camera in self._cameras)
        if not self._ready and (known or now - self._began > _READY_SECONDS):
            self._ready = True
            self._notifier.send("READY=1")
        if now >= self._next_status:
            self._next_status = now + _STATUS_SECONDS
            self._notifier.send(f"STATUS={self._describe()}")
        limit = self._notifier.watchdog_seconds
        if limit is not None and now >= self._next_feed:
            stuck = [camera.name for camera in self._cameras if camera.stuck_seconds > limit / 2]
            if not stuck:
                self._next_feed = now + limit / 4
                self._notifier.send("WATCHDOG=1")

    def stopping(self) -> None:
        """Tell that the end was asked for."""
        self._notifier.send("STOPPING=1")

    def _describe(self) -> str:
        online = sum(camera.state is SourceState.ONLINE for camera in self._cameras)
        fps = sum(camera.fps for camera in self._cameras)
        return f"{online} of {len(self._cameras)} cameras online, {fps:.1f} frames/s"
