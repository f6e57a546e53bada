"""The thread that sits in native code and waits for a camera; it may be left behind."""

import threading
import time
from collections.abc import Callable
from typing import Final

from edge.capture.health import SourceHealth
from edge.capture.pace import Pace
from edge.capture.source import EndOfVideo, Source, SourceError
from edge.channel import Closed
from edge.config import CaptureConfig
from edge.metrics import CameraMetrics
from edge.records import Frame, Picture

_BLANK: Final = 2.0
"""Grey levels of spread below which a camera's picture shows nothing: grey, black, no signal."""


class Reader:
    """Opens one source and hands over its frames until it ends, fails or is retired.

    No wait in native code can be interrupted from outside. Whoever started a reader therefore
    never waits for it without a limit, and what it still brings when it has been retired goes
    nowhere.

    Parameters
    ----------
    source
        Opened, read and closed by this thread only.
    deliver
        Takes the frames; of a clip, it waits until there is room.
    config
        Which frames to keep, and how long pictures may be damaged.
    metrics, health
        Told of every frame.
    """

    def __init__(
        self,
        source: Source,
        deliver: Callable[[Frame], None],
        config: CaptureConfig,
        metrics: CameraMetrics,
        health: SourceHealth,
    ) -> None:
        self.source = source
        self.news = threading.Event()
        """Set when the first frame has come, and at the end."""
        self.started = time.monotonic()
        self.newest: float | None = None
        """Monotonic time of the newest frame."""
        self.error: BaseException | None = None
        """What ended it: `EndOfVideo` at the end of a clip."""
        self._deliver = deliver
        self._config = config
        self._pace = Pace(config.fps)
        self._metrics = metrics
        self._health = health
        self._retired = threading.Event()
        self._damaged = 0
        self._whole = False
        self._opened = self.started
        self.thread = threading.Thread(target=self._run, name="reader", daemon=True)

    def start(self) -> None:
        """Begin to open the source."""
        self.thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread still runs."""
        return self.thread.is_alive()

    def retire(self, seconds: float = 0.0) -> None:
        """Ask it to end after the present wait, and give it some seconds for that."""
        self._retired.set()
        if seconds > 0 and self.alive:
            self.thread.join(seconds)

    def _run(self) -> None:
        try:
            self.source.open()
            self._opened = time.monotonic()
            number = 0
            while not self._retired.is_set():
                number += self._read(number)
        except Closed:
            pass
        except (SourceError, EndOfVideo) as error:
            # Its traceback holds the decoder, with its threads and pictures, and would keep them
            # until Python's collector of cycles comes by.
            error.__context__ = None
            self.error = error.with_traceback(None)
        except BaseException as error:  # noqa: BLE001 - the stage asks for it
            self.error = error
        finally:
            self._count_damage()
            self.source.close()
            self.news.set()

    def _read(self, number: int) -> int:
        """Read one picture; return how many frames it became, 0 or 1."""
        start = time.perf_counter()
        position = self.source.grab()
        captured = time.monotonic()
        if self._retired.is_set():
            return 0
        self._metrics.captured()
        moment = captured if position is None else position
        if not self._pace.due(moment):
            if self._whole:  # as the last one that was looked at
                self._came(captured)
            self._metrics.dropped("capture", "fps")
            return 0
        picture = self.source.retrieve()
        self._count_damage()
        if self._retired.is_set():
            return 0
        self._whole = picture is not None
        if picture is None:
            self._fail_if_all_are_damaged(captured)
            return 0
        self._came(captured)
        if self.source.live and _is_blank(picture):
            self._metrics.dropped("capture", "blank")
            return 0
        self._metrics.worked("capture", time.perf_counter() - start)
        self._deliver(Frame(number, picture, captured, moment, time.time()))
        return 1

    def _came(self, captured: float) -> None:
        first = self.newest is None
        self.newest = captured
        self._health.frame(captured)
        if first:
            self.news.set()

    def _fail_if_all_are_damaged(self, captured: float) -> None:
        """Fail if all pictures have been damaged for as long as a silent camera is waited for."""
        since = self._opened if self.newest is None else self.newest
        if self.source.live and captured - since > self._config.stall_seconds:
            limit = self._config.stall_seconds
            raise SourceError(f"{self.source.description}: no whole picture for {limit:g} s")

    def _count_damage(self) -> None:
        damaged = self.source.damaged
        if damaged > self._damaged:
            self._metrics.dropped("capture", "corrupt", damaged - self._damaged)
            self._damaged = damaged


def _is_blank(picture: Picture) -> bool:
    return bool(picture.grey[::16, ::16].std() < _BLANK)
