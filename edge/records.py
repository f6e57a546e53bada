"""The frozen values that flow through a pipeline, checked when they are made."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.emotions import EMOTIONS, Emotion, Label

_ROUNDING = 0.01
_SAME = 0.3

ImageArray = NDArray[np.uint8]
"""A picture: uint8, ``[height, width, 3]`` in OpenCV's order blue, green, red."""

GreyArray = NDArray[np.uint8]
"""A picture's brightness: uint8, ``[height, width]``."""


class Picture(Protocol):
    """What a camera saw, in grey for detector and network, and in colour for those who look."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        ...

    @property
    def grey(self) -> GreyArray:
        """Its brightness, ``[height, width]``."""
        ...

    @property
    def image(self) -> ImageArray:
        """In colour, ``[height, width, 3]``; what is not asked for need not be made."""
        ...


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the full frame; it may reach beyond the frame's edges."""

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a box has at least one pixel, not {self.width}x{self.height}")

    @property
    def area(self) -> int:
        """Pixels inside."""
        return self.width * self.height

    def overlap(self, other: "Box") -> float:
        """Return intersection over union with `other`, 0..1."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        if width <= 0 or height <= 0:
            return 0.0
        both = width * height
        return both / (self.area + other.area - both)


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a camera.

    Attributes
    ----------
    number
        Counts from 0 for every opening of the source.
    picture
        What it saw.
    captured
        Monotonic seconds when the frame left the source; latency is measured from here.
    time
        Seconds on the source's own clock: the place in the clip for a file, else `captured`.
        Tracks live by this clock, so that a clip gives the same events at any speed.
    wall
        Seconds since the epoch when the frame left the source; used in what is published only.
    """

    number: int
    picture: Picture
    captured: float
    time: float
    wall: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.picture.size


@dataclass(frozen=True, slots=True)
class Face:
    """A face as a detector found it.

    Attributes
    ----------
    box
        The detector's box.
    region
        The square that the classifier sees: where a FER-2013 crop of this face would lie.
    score
        How sure the detector is, 0..1; from 0.5 it is a face by the detector's own measure.
    turned
        Whether it looks to a side, where the detector can tell.
    counts
        Whether it is large enough, and lies where faces count.
    """

    box: Box
    region: Box
    score: float = 1.0
    turned: bool = False
    counts: bool = True

    def same(self, other: "Face") -> bool:
        """Return whether two boxes are of one face: their intersection over union is 0.3."""
        return self.box.overlap(other.box) >= _SAME


@dataclass(frozen=True, slots=True)
class Detection:
    """A frame and the faces in it; None if it was not due: tracks are carried over it.

    `looked` is whether it was scanned. Where the detector is off it is not, and nobody is there.
    """

    frame: Frame
    faces: tuple[Face, ...] | None
    looked: bool = True


class Showing(Protocol):
    """A face with what it shows: a reading of one frame, or a track."""

    @property
    def box(self) -> Box:
        """Where."""
        ...

    @property
    def label(self) -> Label:
        """What it shows."""
        ...

    @property
    def confidence(self) -> float:
        """How probable that is, 0..1."""
        ...

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Those of all emotions, in FER-2013 order."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return the JSON of the command line and the page."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What one face shows: seven probabilities in FER-2013 order that add up to 1.

    `score` is the detector's, `quality` says how well the face can be read by its size, sharpness
    and turn; both 0..1.
    """

    box: Box
    probabilities: tuple[float, ...]
    score: float = 1.0
    quality: float = 1.0

    def __post_init__(self) -> None:
        if len(self.probabilities) != len(EMOTIONS):
            raise ValueError(
                f"{len(EMOTIONS)} probabilities expected, {len(self.probabilities)} given"
            )
        if not abs(sum(self.probabilities) - 1) < _ROUNDING:
            raise ValueError(f"probabilities add up to {sum(self.probabilities):.3f}, not 1")

    @property
    def label(self) -> Emotion:
        """The most probable emotion."""
        return EMOTIONS[self.probabilities.index(max(self.probabilities))]

    @property
    def confidence(self) -> float:
        """The probability of `label`, 0..1."""
        return max(self.probabilities)

    def describe(self) -> dict[str, Any]:
        """Return the reading as the JSON of the command line and the page."""
        return _describe(self, self.probabilities)


@dataclass(frozen=True, slots=True)
class Observation:
    """A frame and what every face in it shows; None if it was not due.

    `others` are the places of faces that do not count; `looked` is as in `Detection`.
    """

    frame: Frame
    readings: tuple[Reading, ...] | None
    others: tuple[Box, ...] = ()
    looked: bool = True


@dataclass(frozen=True, slots=True)
class Track:
    """One person for as long as the face stays.

    Attributes
    ----------
    id
        Counts from 1.
    box
        Where the face is, foretold where a frame was not scanned or the face was missed.
    label
        What it shows, steadily.
    probabilities
        Smoothed over time; they add up to 1.
    since, since_wall
        When it began to show `label`: on the source's clock, and in seconds since the epoch.
    last_seen
        On the source's clock.
    """

    id: int
    box: Box
    label: Label
    probabilities: tuple[float, ...]
    since: float
    since_wall: float
    last_seen: float

    @property
    def confidence(self) -> float:
        """The probability of `label`, of the most probable emotion while it is uncertain: 0..1."""
        if self.label == "uncertain":
            return max(self.probabilities)
        return self.probabilities[EMOTIONS.index(self.label)]

    def describe(self) -> dict[str, Any]:
        """Return the track as the JSON of the page."""
        return {"track": self.id, **_describe(self, self.probabilities)}


@dataclass(frozen=True, slots=True)
class Event:
    """A track appeared, changed its label, or was lost.

    `previous` is the label that ended by a change, and `duration` for how many seconds it, or the
    last label of a face that was lost, had been shown.
    """

    kind: Literal["appeared", "changed", "lost"]
    track: Track
    previous: Label | None
    duration: float


def by_emotion(probabilities: tuple[float, ...]) -> dict[Emotion, float]:
    """Return seven probabilities by name, rounded to four digits."""
    return {e: round(p, 4) for e, p in zip(EMOTIONS, probabilities, strict=True)}


def _describe(face: Showing, probabilities: tuple[float, ...]) -> dict[str, Any]:
    box = face.box
    return {
        "box": [box.x, box.y, box.width, box.height],
        "label": face.label,
        "confidence": round(face.confidence, 4),
        "probabilities": by_emotion(probabilities),
    }
