"""The daemon: start order, signals, supervision, reload, stop order."""

import gc
import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

import cv2

from edge import __version__
from edge.camera import Box, Camera
from edge.capture.collector import SourceCollector
from edge.capture.factory import refuse_no_camera_at_all
from edge.config import Config
from edge.errors import EdgeFerError
from edge.home_assistant.discovery import Discovery
from edge.metrics import Metrics
from edge.mqtt.broker import make_broker
from edge.mqtt.publisher import MqttPublisher
from edge.publish.event_log import EventLog
from edge.reload import Changes, Fresh, Reload, in_force
from edge.sd_notify import Notifier
from edge.service import Service
from edge.web.app import create_app
from edge.web.server.address import announce
from edge.web.server.server import WebServer
from edge.web.site import Site

log = logging.getLogger(__name__)

_POLL_SECONDS: Final = 0.2

_STAGGER_SECONDS: Final = 0.3
"""Between the starts of two cameras, so that many do not connect and load in one burst."""

# Under 5 s in all, with a camera and a broker that answer nothing any more.
_PIPELINES_SECONDS: Final = 1.5
_MQTT_SECONDS: Final = 1.0
_WEB_SECONDS: Final = 0.8
_BROKER_SECONDS: Final = 0.8


class Daemon:
    """Everything that one ``config.yaml`` asks for.

    Building it checks what can be checked (models, files, ports) and starts nothing.

    Parameters
    ----------
    load
        Reads the configuration: now, and for every reload.
    stop
        Ends `run` when it is set, by a signal handler say.
    reload
        Has the configuration read again when it is set; cameras that it changes begin anew, and
        the others go on undisturbed. One with faults is refused, and changes nothing.

    Raises
    ------
    EdgeFerError
        If a camera's clip, device or model is not there or not right, or the web port is taken.
    """

    def __init__(
        self,
        load: Callable[[], Config],
        stop: threading.Event,
        reload: threading.Event | None = None,
        taken_up: Callable[[Config], None] = lambda _: None,
    ) -> None:
        # The stages of all cameras work side by side; a stage that takes all cores stops others.
        cv2.setNumThreads(1)
        self._load = load
        self._stop = stop
        self._asked = reload or threading.Event()
        self._reload: Reload | None = None
        self._taken_up = taken_up
        self._config = config = load()
        taken_up(config)
        metrics = Metrics()
        metrics.node(config.node, __version__)
        self._broker = make_broker(config.mqtt)
        self._mqtt = MqttPublisher(config.mqtt, config.node, metrics, config.folder)
        self._box = Box(config.node, config.folder, metrics, self._mqtt, EventLog(), stop)
        self._last_turn = time.monotonic()
        notifier = Notifier()
        self._waits = notifier.heard  # at boot a webcam may come later
        if not self._waits:
            refuse_no_camera_at_all(config.cameras)
        self._cameras = self._build(config, list(config.cameras))
        for camera in self._cameras.values():
            camera.uphold_privacy()
        self._discovery = Discovery(config)
        self._service = Service(notifier)
        self._sources = SourceCollector({})
        metrics.registry.register(self._sources)
        self._site = Site(
            config, {}, self._box.events, metrics.registry,
            lambda: self._mqtt.connected, stop, lambda: self._last_turn,
        )  # fmt: skip
        self._show(config, self._cameras)
        self._web = WebServer(create_app(self._site), config.web, config.folder)

    def run(self) -> int:
        """Run until the stop event is set, or until every clip has ended.

        Returns
        -------
        int
            0, or 1 if the clips have ended and one could not be read to its end.

        Raises
        ------
        EdgeFerError
            If the embedded broker cannot start, a pipeline keeps dying, or the MQTT client or the
            web server dies.
        """
        self._box.engines.begin()
        # What was started is stopped in the opposite order, whatever happens on the way.
        with ExitStack() as stack:
            if self._broker is not None:
                broker = self._broker
                broker.start()
                stack.callback(lambda: broker.stop(time.monotonic() + _BROKER_SECONDS))
            self._web.start()
            stack.callback(lambda: self._web.stop(time.monotonic() + _WEB_SECONDS))
            self._discovery.start(self._mqtt)
            self._mqtt.start()
            stack.callback(lambda: self._mqtt.stop(time.monotonic() + _MQTT_SECONDS))
            stack.callback(self._stop_cameras)
            _start(self._cameras)
            announce(self._config.web)
            return self._watch()

    def _watch(self) -> int:
        while not self._stop.wait(_POLL_SECONDS):
            self._last_turn = time.monotonic()
            self._look_after_cameras()
            self._take_up_what_changed()
            self._service.poll()
            self._refuse_to_go_on_without_parts()
            if self._reload is None and all(each.ended for each in self._service.cameras):
                log.info("every clip has ended")
                return int(any(each.failed for each in self._service.cameras))
        return 0

    def _look_after_cameras(self) -> None:
        for camera in self._cameras.values():
            if not self._stop.is_set():
                camera.tick()

    def _refuse_to_go_on_without_parts(self) -> None:
        dead = {"MQTT client": self._mqtt.error, "web server": self._web.error}
        if self._broker is not None:
            dead["embedded broker"] = self._broker.error
        for what, error in dead.items():
            if error is not None:
                fault = f"{type(error).__name__}: {error}"
                raise EdgeFerError(f"the {what} died: {fault}") from error

    def _stop_cameras(self) -> None:
        log.info("stopping")
        self._service.stopping()
        self._stop.set()
        _stop(list(self._cameras.values()))

    def _build(self, config: Config, names: list[str]) -> dict[str, Camera]:
        cameras, run = {}, time.time()
        for name in names:
            try:
                cameras[name] = Camera(name, config.cameras[name], self._box, run)
            except EdgeFerError as error:
                raise type(error)(f"camera {name}: {error}") from None
        return cameras

    def _show(self, config: Config, cameras: dict[str, Camera]) -> None:
        """Let all who tell of the cameras tell of these; each value is replaced as a whole."""
        self._config, self._cameras = config, cameras
        self._service.cameras = [camera.supervisor for camera in cameras.values()]
        self._sources.sources = {name: camera.health for name, camera in cameras.items()}
        self._site.views = {name: camera.view for name, camera in cameras.items()}
        self._site.config = config

    def _take_up_what_changed(self) -> None:
        """Begin a reload that was asked for, or end one that is prepared."""
        reload = self._reload
        if reload is not None and reload.done:
            self._reload = None
            if reload.fresh is not None:
                self._exchange(reload.fresh)
                gc.collect()  # models and frames are large, and Python counts only objects
            self._service.reloaded(reload.fresh)
            if reload.asked_again:
                self._asked.set()
        elif self._asked.is_set():
            self._asked.clear()
            if reload is None:
                self._service.reloading()
                self._reload = Reload(self._prepare)
            else:
                reload.ask_again()

    def _prepare(self) -> Fresh:
        """Read the configuration and build what it changes; nothing that runs notices."""
        new = self._load()
        changes = Changes.between(self._config, new)
        names = [*changes.changed, *changes.added]
        if not (changes.kept or self._waits):
            refuse_no_camera_at_all(new.cameras)
        try:
            return Fresh(in_force(self._config, new), changes, self._build(new, names))
        except Exception:
            for name in changes.added:
                self._box.metrics.forget(name)
            raise

    def _exchange(self, fresh: Fresh) -> None:
        """Stop the cameras that changed or are gone, and start those that are new."""
        changes, before = fresh.changes, self._cameras
        _stop([before[name] for name in (*changes.changed, *changes.removed)])
        cameras = {name: fresh.cameras.get(name) or before[name] for name in fresh.config.cameras}
        self._show(fresh.config, cameras)
        self._discovery.change(fresh.config)
        for name in changes.removed:
            before[name].remove()
        for name, camera in fresh.cameras.items():
            if name in before:
                camera.follow(before[name])
            camera.uphold_privacy()
        _start(fresh.cameras)
        self._taken_up(fresh.config)
        changes.tell()


def _start(cameras: dict[str, Camera]) -> None:
    for number, camera in enumerate(cameras.values()):
        camera.start(number * _STAGGER_SECONDS)


def _stop(cameras: list[Camera]) -> None:
    for camera in cameras:
        camera.request_stop()
    deadline = time.monotonic() + _PIPELINES_SECONDS
    for camera in cameras:
        camera.stop(deadline)
