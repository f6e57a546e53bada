"""What the service manager sees: ready, reloads, how the cameras do, that frames still flow."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from edge.capture.state import SourceState
from edge.reload import Fresh
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
    notifier
        Takes the messages.
    cameras
        All of them.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        notifier: Notifier,
        cameras: Sequence[Supervisor] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.cameras = cameras
        """Those that are told of; to be replaced as a whole."""
        self._notifier = notifier
        self._clock = clock
        self._began = clock()
        self._ready = False
        self._next_status = 0.0
        self._next_feed = 0.0
        self._note = ""

    def poll(self) -> None:
        """Send what is due."""
        now = self._clock()
        known = any(camera.state in _KNOWN for camera in self.cameras)
        if not self._ready and (known or now - self._began > _READY_SECONDS):
            self._ready = True
            self._notifier.send("READY=1")
        if now >= self._next_status:
            self._next_status = now + _STATUS_SECONDS
            self._notifier.send(f"STATUS={self._describe()}")
        limit = self._notifier.watchdog_seconds
        if limit is not None and now >= self._next_feed:
            stuck = [camera.name for camera in self.cameras if camera.stuck_seconds > limit / 2]
            if not stuck:
                self._next_feed = now + limit / 4
                self._notifier.send("WATCHDOG=1")

    def reloading(self) -> None:
        """Tell that the configuration is read again.

        Before READY nothing is told: what ends a reload would say that all is up.
        """
        if self._ready:
            microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            self._notifier.send("RELOADING=1", f"MONOTONIC_USEC={microseconds}")

    def reloaded(self, fresh: Fresh | None) -> None:
        """Tell that this has come to its end, and keep telling what did not go as asked."""
        self._note = ""
        if fresh is None:
            self._note = "the last reload was refused: see the log"
        elif fresh.changes.waiting:
            self._note = f"{', '.join(fresh.changes.waiting)} wait for a restart"
        if self._ready:
            self._notifier.send("READY=1", f"STATUS={self._describe()}")

    def stopping(self) -> None:
        """Tell that the end was asked for."""
        self._notifier.send("STOPPING=1")

    def _describe(self) -> str:
        online = sum(camera.state is SourceState.ONLINE for camera in self.cameras)
        fps = sum(camera.fps for camera in self.cameras)
        told = f"{online} of {len(self.cameras)} cameras online, {fps:.1f} frames/s"
        return f"{told}; {self._note}" if self._note else told
