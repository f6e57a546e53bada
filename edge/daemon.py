"""The daemon: start order, signals, supervision, stop order."""

import logging
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Final

from edge import __version__
from edge.capture import make_source
from edge.capture.collector import SourceCollector
from edge.capture.factory import webcam_device
from edge.capture.source import Source
from edge.capture.webcam import no_device
from edge.classify import Classifier, load_classifier
from edge.config import CameraConfig, Config
from edge.detect import make_finder
from edge.detect.scanner import Scanner
from edge.detect.schedule import ScanSchedule
from edge.errors import ConfigError, EdgeFerError
from edge.home_assistant.discovery import Discovery
from edge.metrics import CameraMetrics, Metrics
from edge.mqtt.broker import make_broker
from edge.mqtt.publisher import MqttPublisher
from edge.pipeline import Pipeline
from edge.privacy import Privacy
from edge.publish.camera import CameraPublisher
from edge.publish.control import ControlPublisher
from edge.publish.event_log import EventLog
from edge.publish.messages import ModelMessage
from edge.publish.source import SourcePublisher
from edge.publish.writer import MessageWriter
from edge.sd_notify import Notifier
from edge.service import Service
from edge.supervisor import Supervisor
from edge.track import Tracker
from edge.track.tally import Tally
from edge.web.app import create_app
from edge.web.picture.view import CameraView
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
    config
        What to run.
    stop
        Ends `run` when it is set, by a signal handler say.

    Raises
    ------
    EdgeFerError
        If a camera's clip, device or model is not there or not right, or the web port is taken.
    """

    def __init__(self, config: Config, stop: threading.Event) -> None:
        self._config = config
        self._stop = stop
        metrics = Metrics()
        metrics.node(config.node, __version__)
        self._broker = make_broker(config.mqtt)
        self._mqtt = MqttPublisher(config.mqtt, config.node, metrics, config.folder)
        self._views: dict[str, CameraView] = {}
        self._engines: dict[str, int] = {}
        self._started = False
        self._supervisors: list[Supervisor] = []
        self._sources: dict[str, SourcePublisher] = {}
        self._switches: list[ControlPublisher] = []
        self._events = EventLog()
        self._began = time.time()
        self._last_turn = time.monotonic()
        _refuse_no_camera_at_all(config)
        for name, camera in config.cameras.items():
            try:
                individuals = Privacy(camera.privacy).individuals
                self._add_camera(name, camera, metrics.camera(name, individuals))
            except EdgeFerError as error:
                raise type(error)(f"camera {name}: {error}") from None
        metrics.registry.register(
            SourceCollector({name: source.health for name, source in self._sources.items()})
        )
        self._service = Service(self._supervisors, Notifier())
        site = Site(
            config, self._views, self._events, metrics.registry,
            lambda: self._mqtt.connected, self._stop, lambda: self._last_turn,
        )  # fmt: skip
        self._web = WebServer(create_app(site), config.web, config.folder)

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
        self._started = True
        for line, level in self._engines.items():
            log.log(level, "%s", line)
        # What was started is stopped in the opposite order, whatever happens on the way.
        with ExitStack() as stack:
            if self._broker is not None:
                broker = self._broker
                broker.start()
                stack.callback(lambda: broker.stop(time.monotonic() + _BROKER_SECONDS))
            self._web.start()
            stack.callback(lambda: self._web.stop(time.monotonic() + _WEB_SECONDS))
            Discovery(self._config).start(self._mqtt)
            self._mqtt.start()
            stack.callback(lambda: self._mqtt.stop(time.monotonic() + _MQTT_SECONDS))
            for source in self._sources.values():
                source.start()
            for switches in self._switches:
                switches.start()
            for number, supervisor in enumerate(self._supervisors):
                supervisor.start(number * _STAGGER_SECONDS)
            stack.callback(self._stop_cameras)
            announce(self._config.web)
            return self._watch()

    def _watch(self) -> int:
        while not self._stop.wait(_POLL_SECONDS):
            self._last_turn = time.monotonic()
            for supervisor in self._supervisors:
                if not self._stop.is_set():
                    supervisor.poll()
            for source in self._sources.values():
                source.tick()
            self._service.poll()
            self._refuse_to_go_on_without_parts()
            if all(supervisor.ended for supervisor in self._supervisors):
                log.info("every clip has ended")
                return int(any(supervisor.failed for supervisor in self._supervisors))
        return 0

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
        for supervisor in self._supervisors:
            supervisor.request_stop()
        deadline = time.monotonic() + _PIPELINES_SECONDS
        for supervisor in self._supervisors:
            if not supervisor.join(deadline):
                log.warning("a camera does not let go; leaving it behind")
        for source in self._sources.values():
            source.stop()

    def _add_camera(self, name: str, camera: CameraConfig, metrics: CameraMetrics) -> None:
        # Numbers go on when a pipeline is built anew: no event and no face has another's.
        privacy = Privacy(camera.privacy)
        writer = MessageWriter(self._config.node, name, privacy, self._began)
        if not privacy.places:
            # What was recorded under a weaker rule, and never sent, is not sent under this one.
            self._mqtt.forget_events(f"{name}/event", privacy.may_tell)
        tracks, tally = count(1) if privacy.places else _by_chance(), Tally()
        source = SourcePublisher(writer, self._mqtt, metrics)
        switches = ControlPublisher(writer, self._mqtt)
        control = switches.control
        control.listen(metrics.switched)
        view = CameraView(
            name, camera.stream, metrics, source.health, control, privacy, self._events
        )

        def fresh_source() -> Source:
            return make_source(camera, self._config.folder)

        def build() -> Pipeline:
            classifier = load_classifier(camera.classify, self._config.folder, metrics, self._stop)
            model = classifier.description
            writer.model = ModelMessage(name=model.name, sha256=model.sha256)
            self._tell(classifier)
            live = fresh_source().live
            tracker = Tracker(camera.track, tracks, tally)
            sink = CameraPublisher(camera, writer, tracker, self._mqtt, view, live)
            # A clip is read frame by frame; and that nobody is there, groups of none, is telling.
            idles = live and privacy.individuals
            finder = make_finder(camera.detect, every_face=camera.stream.faces == "blur")
            schedule = ScanSchedule(camera.detect.every, camera.detect.idle_fps if idles else None)
            scanner = Scanner(finder, schedule, control)
            return Pipeline(
                fresh_source, scanner, classifier, sink, metrics, source.health, camera.capture
            )

        self._views[name] = view
        self._sources[name] = source
        self._switches.append(switches)
        self._supervisors.append(Supervisor(name, build, metrics, source.health))

    def _tell(self, classifier: Classifier) -> None:
        """Log once what a model runs on, however many cameras use it, and not before `run`."""
        engine = classifier.engine
        line = f"{classifier.description.name} runs on {engine}"
        if line not in self._engines:
            self._engines[line] = logging.WARNING if engine.disappoints else logging.INFO
            if self._started:
                log.log(self._engines[line], "%s", line)


def _by_chance() -> Iterator[int]:
    """Give numbers that tell neither the order nor the count of visits."""
    while True:
        yield secrets.randbelow(2**31 - 1) + 1


def _refuse_no_camera_at_all(config: Config) -> None:
    """Refuse a configuration of webcams only of which none is there: a mistake, most likely.

    Otherwise one that is not plugged in is offline, and the other cameras go on.
    """
    devices = {name: webcam_device(camera.source) for name, camera in config.cameras.items()}
    if all(device is not None and not Path(device).exists() for device in devices.values()):
        name, device = next(iter(devices.items()))
        raise ConfigError(f"camera {name}: {no_device(device or '')}")
