"""From observations to messages; every one is checked against its JSON Schema."""

from dataclasses import replace
from itertools import count
from typing import Any, cast

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.capture.health import SourceHealth
from edge.capture.picture import ColourPicture
from edge.capture.state import SourceState
from edge.config import CameraConfig, Config
from edge.control import CameraControl
from edge.emotions import EMOTIONS
from edge.metrics import Metrics
from edge.mqtt.publisher import MqttPublisher
from edge.privacy import Privacy
from edge.publish.camera import CameraPublisher
from edge.publish.control import ControlPublisher
from edge.publish.messages import ModelMessage
from edge.publish.timeline import Timeline
from edge.publish.writer import MessageWriter
from edge.records import Box, Frame, Observation, Reading
from edge.track import Tracker
from edge.web.picture.view import CameraView
from tests.support.messages import Recorder

IMAGE = np.full((360, 640, 3), 90, np.uint8)


def reading(x: int, label: str) -> Reading:
    probabilities = tuple(0.94 if e == label else 0.01 for e in EMOTIONS)
    return Reading(Box(x, 100, 80, 80), probabilities)


class Camera:
    """A camera's last stage, fed by hand at 25 frames a second."""

    def __init__(self, **sections: Any) -> None:
        config = Config.model_validate({"cameras": {"door": {"source": "demo"}}, **sections})
        self.config: CameraConfig = config.cameras["door"]
        self.mqtt = Recorder()
        self.now = 100.0
        privacy = Privacy(self.config.privacy)
        writer = MessageWriter("box", "door", privacy, 1_700_000_000.0)
        writer.model = ModelMessage(name="fer", sha256="ab" * 32)
        self.health = health = SourceHealth()
        health.move(SourceState.ONLINE)
        self.metrics = Metrics()
        self.control = CameraControl()
        self.view = CameraView(
            "door", self.config.stream, self.metrics.camera("door"), health, self.control, privacy
        )
        self.publisher = CameraPublisher(
            self.config,
            writer,
            Tracker(self.config.track, count(1)),
            cast(MqttPublisher, self.mqtt),
            self.view,
            live=True,
            clock=lambda: self.now,
        )

    def watch(self, seconds: float, *readings: Reading) -> None:
        """Let frames with these faces come."""
        for _ in range(round(seconds * 25)):
            self.now += 0.04
            self.take(readings)

    def take(
        self,
        readings: tuple[Reading, ...] | None,
        image: NDArray[np.uint8] = IMAGE,
        others: tuple[Box, ...] = (),
        looked: bool = True,
    ) -> None:
        """Let a frame come now."""
        frame = Frame(0, ColourPicture(image), self.now, self.now, 1_700_000_000.0 + self.now)
        self.publisher.accept(Observation(frame, readings, others, looked))

    def picture(self) -> NDArray[np.uint8]:
        """Return what the page shows."""
        shown = self.view.pictures.newest
        assert shown is not None
        image = cv2.imdecode(np.frombuffer(shown.jpeg(), np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        return np.asarray(image, np.uint8)

    def rest(self, seconds: float) -> None:
        """Let time go by without frames."""
        for _ in range(round(seconds * 4)):
            self.now += 0.25
            self.publisher.idle()

    def gauge(self, name: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, {"camera": "door"})


def test_a_visit_is_three_events_with_all_that_a_subscriber_needs() -> None:
    camera = Camera()
    camera.watch(4.0, reading(64, "happy"))
    camera.watch(4.0, reading(64, "sad"))
    camera.watch(2.0)
    appeared, changed, lost = camera.mqtt.of("event")
    assert [e["event"] for e in (appeared, changed, lost)] == ["appeared", "changed", "lost"]
    assert [e["number"] for e in (appeared, changed, lost)] == [1, 2, 3]
    assert {e["face"]["track"] for e in (appeared, changed, lost)} == {1}
    face = appeared["face"]
    assert (face["label"], face["box"]) == ("happy", [64, 100, 80, 80])
    assert face["box_fraction"] == [0.1, 0.2778, 0.125, 0.2222]
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=0.001)
    assert appeared["model"] == {"name": "fer", "sha256": "ab" * 32}
    assert appeared["frame"] == [640, 360]
    assert appeared["run"] == "2023-11-14T22:13:20Z"
    assert (changed["previous"], changed["face"]["label"]) == ("happy", "sad")
    assert 3.8 < changed["duration"] < 4.4
    assert changed["face"]["since"] > face["since"]
    assert (lost["previous"], lost["face"]["label"]) == (None, "sad")
    assert 3.4 < lost["duration"] < 4.2


def test_faces_come_at_their_rate_and_only_while_anyone_is_there() -> None:
    camera = Camera(publish={"rate_hz": 2})
    camera.watch(10.0, reading(64, "happy"))
    assert 19 <= len(camera.mqtt.of("faces")) <= 21
    camera.watch(2.0)
    assert camera.mqtt.of("faces")[-1]["faces"] == [], "that nobody is left is said once"
    before = len(camera.mqtt.of("faces"))
    camera.watch(5.0)
    assert len(camera.mqtt.of("faces")) == before


def test_a_camera_that_never_gave_a_frame_has_nobody() -> None:
    camera = Camera()
    camera.rest(1.0)
    assert [s["faces"] for s in camera.mqtt.of("state")] == [0]


@pytest.mark.parametrize("seconds", [1.25, 2.0])
def test_a_camera_of_few_frames_tells_of_a_visit_as_one(seconds: float) -> None:
    camera = Camera()
    for _ in range(20):
        camera.take((reading(64, "happy"),))
        camera.rest(seconds)
    camera.rest(20.0)
    assert [e["event"] for e in camera.mqtt.of("event")] == ["appeared", "lost"]
    assert camera.mqtt.of("state")[-1]["last_hour"]["happy"] > 10 * seconds


def test_frames_between_two_scans_carry_the_faces() -> None:
    camera = Camera()
    for number in range(200):
        camera.now += 0.04
        camera.take((reading(64, "happy"),) if number % 10 == 0 else None)
        if number > 40:
            assert len(camera.view.faces) == 1
    assert [e["event"] for e in camera.mqtt.of("event")] == ["appeared"]


def test_another_picture_size_loses_everyone_in_the_old_one() -> None:
    camera = Camera()
    camera.watch(1.0, reading(500, "happy"))
    camera.now += 0.04
    camera.take((), np.zeros((180, 320, 3), np.uint8))
    lost = camera.mqtt.of("event")[-1]
    assert (lost["event"], lost["frame"]) == ("lost", [640, 360])
    assert lost["face"]["box_fraction"][0] < 1


def test_the_state_says_who_is_there_at_once_and_times_as_they_add_up() -> None:
    camera = Camera(publish={"state_seconds": 10})
    camera.watch(1.0)
    assert [s["faces"] for s in camera.mqtt.of("state")] == [0]
    camera.watch(35.0, reading(64, "happy"), reading(300, "happy"), reading(500, "sad"))
    states = camera.mqtt.of("state")
    assert 5 <= len(states) <= 7, "one for nobody, one for the change, one each 10 s"
    assert states[-1]["faces"] == 3
    assert states[-1]["labels"] == {"happy": 2, "sad": 1}
    assert (states[-1]["emotion"], states[-1]["confidence"]) == ("happy", 0.94)
    assert states[-1]["last_minute"]["happy"] == pytest.approx(2 * 30, rel=0.2)
    camera.rest(80.0)
    state = camera.mqtt.of("state")[-1]
    assert (state["faces"], state["emotion"], state["confidence"]) == (0, None, None)
    assert state["last_minute"]["happy"] == 0
    assert state["last_hour"]["happy"] == pytest.approx(2 * 35, rel=0.1)


def test_a_camera_that_falls_silent_loses_its_faces() -> None:
    camera = Camera()
    camera.watch(2.0, reading(64, "happy"))
    assert camera.gauge("edge_fer_faces") == 1
    camera.rest(3.0)
    assert camera.mqtt.of("event")[-1]["event"] == "lost"
    assert camera.mqtt.of("state")[-1]["faces"] == 0
    assert camera.gauge("edge_fer_faces") == 0
    assert camera.view.faces == []
    assert np.abs(camera.picture().astype(int) - 90).max() < 12, "no box of one who is gone"


def test_no_time_is_counted_while_the_source_is_gone_or_the_camera_paused() -> None:
    camera = Camera(track={"lost_seconds": 10, "min_hits": 1})
    camera.view.timeline = Timeline(lambda: 1_700_000_000.0 + camera.now)

    def counted() -> float:
        return sum(map(sum, camera.view.timeline.describe()["seconds"]))

    camera.watch(2.0, reading(64, "happy"))
    before = counted()
    camera.health.move(SourceState.RECONNECTING)
    camera.rest(3.0)
    camera.health.move(SourceState.ONLINE)
    camera.watch(1.0, reading(64, "happy"))
    assert counted() == pytest.approx(before + 1, abs=0.1)
    camera.control.obey("pause")
    camera.rest(3.0)
    camera.control.obey("resume")
    camera.watch(2.0, reading(64, "happy"))
    assert counted() < before + 3.1


def test_the_end_loses_everyone() -> None:
    camera = Camera()
    camera.watch(2.0, reading(64, "happy"))
    camera.publisher.close()
    assert camera.mqtt.of("event")[-1]["event"] == "lost"
    assert camera.mqtt.of("state")[-1]["faces"] == 0


def test_snapshots_are_jpegs_at_their_interval_and_off_unless_asked_for() -> None:
    silent, camera = Camera(), Camera(publish={"snapshot_seconds": 2})
    for one in (silent, camera):
        one.watch(9.0, reading(64, "happy"))
    assert silent.mqtt.pictures == []
    assert 4 <= len(camera.mqtt.pictures) <= 6
    picture = cv2.imdecode(np.frombuffer(camera.mqtt.pictures[-1], np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == IMAGE.shape
    assert not np.array_equal(picture[95:105, 64:144], IMAGE[95:105, 64:144]), "with its box"


NOISE = np.random.default_rng(0).integers(0, 256, (360, 640, 3), np.uint8)


def _is_blurred(picture: NDArray[np.uint8], x: int) -> bool:
    """Return whether the face of `reading` is, below its marks."""
    part = picture[145:175, x + 15 : x + 65].astype(int)
    return float(np.abs(np.diff(part, axis=1)).mean()) < 10


def test_faces_are_blurred_from_their_first_frame_and_while_they_are_missed() -> None:
    camera = Camera(stream={"faces": "blur"}, publish={"snapshot_seconds": 0.01})
    newcomer = reading(64, "happy")
    for seen in ((newcomer,), (newcomer,), (newcomer,), (), ()):
        camera.now += 0.04
        camera.take(seen, NOISE)
        assert _is_blurred(camera.picture(), 64)
    assert [e["event"] for e in camera.mqtt.of("event")] == ["appeared"]
    for snapshot in camera.mqtt.pictures:
        picture = cv2.imdecode(np.frombuffer(snapshot, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert _is_blurred(np.asarray(picture, np.uint8), 64)
    camera.rest(0.75)
    assert _is_blurred(camera.picture(), 64), "the last frame, which stays when the camera is lost"


@pytest.mark.parametrize("counts", [True, False])
def test_a_face_that_nobody_follows_is_blurred_for_as_long_as_one_that_is(counts: bool) -> None:
    camera = Camera(stream={"faces": "blur"}, track={"lost_seconds": 1.0})
    doubtful = replace(reading(400, "sad"), score=0.36)
    seen = ((doubtful,), ()) if counts else ((), (doubtful.box,))
    for number in range(50):
        camera.now += 0.04
        readings, others = seen if number % 20 == 0 else ((), ())
        camera.take(readings, NOISE, others)
        assert _is_blurred(camera.picture(), 400), number
        assert not _is_blurred(camera.picture(), 64)
    for _ in range(30):
        camera.now += 0.04
        camera.take((), NOISE)
    assert not _is_blurred(camera.picture(), 400)
    assert camera.mqtt.of("event") == []


def test_a_face_that_moves_is_blurred_where_it_is_and_leaves_no_trail() -> None:
    camera = Camera(stream={"faces": "blur"})
    for x in range(64, 400, 8):
        camera.now += 0.04
        camera.take((replace(reading(x, "sad"), score=0.36),), NOISE)
    assert _is_blurred(camera.picture(), 392)
    assert not _is_blurred(camera.picture(), 216), "where it was less than a second ago"


def test_a_frame_of_a_detector_that_is_off_is_not_shown_where_faces_are_blurred() -> None:
    camera, plain = Camera(stream={"faces": "blur"}), Camera()
    for one in (camera, plain):
        one.take((), NOISE)
        one.control.obey("detector off")
        one.control.obey("detector on")
        one.take((), NOISE, looked=False)  # it was on its way
    assert float(np.median(camera.picture())) < 5
    assert float(np.median(plain.picture())) > 50
    camera.take((), NOISE)
    assert float(np.median(camera.picture())) > 50


def test_anonymous_tells_no_boxes_and_shows_no_pictures() -> None:
    camera = Camera(privacy={"mode": "anonymous"}, publish={"snapshot_seconds": 1})
    camera.watch(4.0, reading(64, "happy"))
    camera.watch(2.0)
    assert [e["event"] for e in camera.mqtt.of("event")] == ["appeared", "lost"]
    faces = [f for m in camera.mqtt.of("faces") for f in m["faces"]]
    faces += [e["face"] for e in camera.mqtt.of("event")]
    assert {(face["box"], face["box_fraction"]) for face in faces} == {(None, None)}
    assert camera.mqtt.pictures == []
    assert not camera.view.has_picture
    camera.watch(1.0, reading(64, "happy"))
    assert [set(face) for face in camera.view.faces] == [{"label", "confidence", "probabilities"}]


def test_aggregate_counts_groups_only() -> None:
    camera = Camera(privacy={"mode": "aggregate", "min_people": 3})
    two = reading(64, "happy"), reading(300, "sad")
    camera.watch(2.0, *two)
    assert (camera.view.faces, camera.view.labels) == ([], None)
    assert camera.gauge("edge_fer_faces") == 0
    camera.watch(2.0, *two, reading(500, "sad"))
    assert (camera.view.faces, camera.view.labels) == ([], {"happy": 1, "sad": 2})
    assert camera.gauge("edge_fer_faces") == 3
    camera.watch(2.0, reading(64, "happy"))
    assert camera.mqtt.of("event") == []
    assert camera.mqtt.of("faces") == []
    states = camera.mqtt.of("state")
    assert {s["faces"] for s in states} == {None, 3}
    (group,) = [s for s in states if s["faces"] == 3]
    assert group["labels"] == {"happy": 1, "sad": 2}
    assert {(s["emotion"], s["last_hour"]) for s in states} == {(None, None)}


def test_aggregate_does_not_tell_of_one_person_by_when_it_speaks() -> None:
    def times(*visit: Reading) -> list[str]:
        camera = Camera(privacy={"mode": "aggregate"}, publish={"state_seconds": 10})
        camera.watch(3.0)
        camera.watch(4.0, *visit)
        camera.watch(20.0)
        return [state["time"] for state in camera.mqtt.of("state")]

    assert times(reading(64, "happy")) == times()


def test_aggregate_counts_no_faces_in_the_metrics() -> None:
    metrics = Metrics()
    metrics.camera("door", individuals=False).inference(0.001)
    labels = {"camera": "door"}
    assert metrics.registry.get_sample_value("edge_fer_inference_seconds_count", labels) == 0
    metrics.camera("door", individuals=False).worked("detect", 0.03)
    stage = {**labels, "stage": "detect"}
    assert metrics.registry.get_sample_value("edge_fer_stage_seconds_count", stage) == 0
    assert metrics.registry.get_sample_value("edge_fer_frames_processed_total", stage) == 1


def test_nothing_is_shown_of_a_paused_camera() -> None:
    camera = Camera(publish={"snapshot_seconds": 60})
    camera.watch(2.0, reading(64, "happy"))
    camera.control.obey("pause")
    assert float(np.median(camera.picture())) < 5
    camera.rest(0.5)
    assert camera.mqtt.of("event")[-1]["event"] == "lost", "at once, not after lost_seconds"
    assert camera.mqtt.of("state")[-1]["faces"] == 0
    assert len(camera.mqtt.pictures) == 2
    assert _is_dark(camera.mqtt.pictures[-1]), "the last snapshot is the dark one"
    camera.rest(30.0)
    assert len(camera.mqtt.pictures) == 2
    camera.control.obey("resume")
    camera.watch(1.0, reading(64, "happy"))
    assert camera.view.faces
    assert camera.mqtt.of("event")[-1]["face"]["track"] == 2


def _is_dark(jpeg: bytes) -> bool:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return picture is not None and float(np.median(picture)) < 5


def test_commands_are_confirmed_and_nonsense_changes_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    mqtt = Recorder()
    switches = ControlPublisher(MessageWriter("box", "door"), cast(MqttPublisher, mqtt))
    switches.start()
    for payload in (
        b"pause",
        b" Detector OFF\n",
        b"\xff\xfe explode" * 1000,
        b"pause     and more",
        b"resume",
    ):
        switches.take(payload)
    told = [(m["paused"], m["detector"]) for m in mqtt.of("control")]
    assert told == [
        (False, True),
        (True, True),
        (True, False),
        (True, False),
        (True, False),
        (False, False),
    ]
    assert "send one of pause, resume, detector on, detector off" in caplog.text
    assert max(map(len, caplog.messages)) < 200
