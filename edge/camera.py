"""One running camera: all that it owns, from its source to what the page shows of it."""

import logging
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from edge.capture import make_source
from edge.capture.source import Source
from edge.classify import Classifier, PacedClassifier, load_classifier
from edge.config import CameraConfig
from edge.detect import make_finder
from edge.detect.scanner import Scanner
from edge.detect.schedule import ScanSchedule
from edge.metrics import CameraMetrics, Metrics
from edge.mqtt.publisher import MqttPublisher
from edge.pipeline import Pipeline
from edge.privacy import Privacy
from edge.publish.camera import CameraPublisher
from edge.publish.control import ControlPublisher
from edge.publish.event_log import EventLog
from edge.publish.messages import ModelMessage
from edge.publish.source import SourcePublisher
from edge.publish.writer import MessageWriter
from edge.supervisor import Supervisor
from edge.track import Tracker
from edge.track.tally import Tally
from edge.web.picture.view import CameraView

log = logging.getLogger(__name__)


class EngineLog:
    """Says once what a model runs on, however many cameras use it, and not before `begin`."""

    def __init__(self) -> None:
        self._lines: dict[str, int] = {}
        self._begun = False

    def tell(self, classifier: Classifier) -> None:
        """Take what a camera's model runs on."""
        engine = classifier.engine
        line = f"{classifier.description.name} runs on {engine}"
        if line not in self._lines:
            self._lines[line] = logging.WARNING if engine.disappoints else logging.INFO
            if self._begun:
                log.log(self._lines[line], "%s", line)

    def begin(self) -> None:
        """Say what is known, and from now on at once."""
        self._begun = True
        for line, level in self._lines.items():
            log.log(level, "%s", line)


@dataclass(frozen=True)
class Box:
    """What the cameras of a daemon share.

    Attributes
    ----------
    node, folder
        The box's name, and where relative paths start.
    metrics, mqtt, events
        Take what the cameras tell.
    stop
        Ends what takes long while a camera is built.
    engines
        Says what the models run on.
    """

    node: str
    folder: Path
    metrics: Metrics
    mqtt: MqttPublisher
    events: EventLog
    stop: threading.Event
    engines: EngineLog = field(default_factory=EngineLog)


class Camera:
    """A camera as one configuration has it, from `start` to `stop`.

    Building it checks what can be checked (its clip, its model), and neither starts nor changes
    anything: another one of the same name may run.

    Parameters
    ----------
    name, config
        The camera's.
    box
        What it shares with the others.
    run
        When its events began to be numbered, in seconds since the epoch.

    Raises
    ------
    EdgeFerError
        If its clip or model is not there or not right.
    """

    def __init__(self, name: str, config: CameraConfig, box: Box, run: float) -> None:
        self.name = name
        self.config = config
        self._box = box
        self._privacy = privacy = Privacy(config.privacy)
        self._metrics = CameraMetrics(box.metrics, name, privacy.individuals)
        self._writer = MessageWriter(box.node, name, privacy, run)
        self._source = SourcePublisher(self._writer, box.mqtt, self._metrics)
        self._switches = ControlPublisher(self._writer, box.mqtt)
        self.health = self._source.health
        """Of its source."""
        self._control = control = self._switches.control
        control.listen(self._metrics.switched)
        self.view = CameraView(
            name, config.stream, self._metrics, self.health, control, privacy, box.events
        )
        """What the page shows of it."""
        # Numbers go on when a pipeline is built anew: no event and no face has another's.
        self._tracks, self._tally = count(1) if privacy.places else _by_chance(), Tally()
        self.supervisor = Supervisor(name, self._build, self._metrics, self.health)
        """Keeps its pipeline running."""

    def uphold_privacy(self) -> None:
        """Drop what was recorded under a weaker rule, and has not been told yet."""
        may_tell = self._privacy.may_tell
        if not self._privacy.places:
            self._box.mqtt.forget_events(f"{self.name}/event", may_tell)
            self._box.events.forget(self.name, may_tell)
            self._box.mqtt.clear_people(self.name)

    def follow(self, other: "Camera") -> None:
        """Leave the switches as they stand at the one whose place it takes."""
        self._control.switches = other._control.switches  # noqa: SLF001 - of our own class

    def start(self, delay: float = 0.0) -> None:
        """Tell of it, and start its pipeline, by `tick` if after a delay in seconds."""
        self._metrics.show()
        self._metrics.switched(self._control.switches)
        self._source.start()
        self._switches.start()
        self.supervisor.start(delay)

    def tick(self) -> None:
        """Do what is due; called by the daemon's main loop.

        Raises
        ------
        TooManyRestarts, CaptureStuck
            As `Supervisor.poll` does.
        """
        self.supervisor.poll()
        self._source.tick()

    def request_stop(self) -> None:
        """Ask its pipeline to end."""
        self.supervisor.request_stop()

    def stop(self, deadline: float) -> None:
        """End, by the monotonic time `deadline`; a pipeline that does not is left behind."""
        self.supervisor.request_stop()
        if not self.supervisor.join(deadline):
            log.warning("%s does not let go; leaving it behind", self.name)
        self._source.stop()
        self._switches.stop()

    def remove(self) -> None:
        """Take back what was told of it, after `stop`: it is no camera of this box any more."""
        self._box.mqtt.clear(self.name)
        self._box.events.forget(self.name)
        self._box.metrics.forget(self.name)

    def _build(self) -> Pipeline:
        config, metrics, privacy = self.config, self._metrics, self._privacy
        classifier = load_classifier(config.classify, self._box.folder, metrics, self._box.stop)
        model = classifier.description
        self._writer.model = ModelMessage(name=model.name, sha256=model.sha256)
        self._box.engines.tell(classifier)
        live = self._make_source().live
        tracker = Tracker(config.track, self._tracks, self._tally)
        sink = CameraPublisher(config, self._writer, tracker, self._box.mqtt, self.view, live)
        # A clip is read frame by frame; and that nobody is there, groups of none, is telling.
        idles = live and privacy.individuals
        blur = config.stream.faces == "blur"
        finder = make_finder(config.detect, every_face=blur)
        schedule = ScanSchedule(config.detect.every, config.detect.idle_fps if idles else None)
        # Who joins others must not be seen before they are found; and which frames are scanned
        # tells whether there are any faces.
        all_of_every_frame = blur or not privacy.individuals
        rescan_seconds = 0.0 if all_of_every_frame else config.detect.rescan_seconds
        scanner = Scanner(finder, schedule, self._control, rescan_seconds)
        return Pipeline(
            self._make_source,
            scanner,
            PacedClassifier(classifier, config.classify.fps),
            sink,
            metrics,
            self.health,
            config.capture,
        )

    def _make_source(self) -> Source:
        return make_source(self.config, self._box.folder)


def _by_chance() -> Iterator[int]:
    """Give numbers that tell neither the order nor the count of visits."""
    while True:
        yield secrets.randbelow(2**31 - 1) + 1
