"""Moving scenes of which it is known where the faces are.

Faces are drawn on heads, grey ovals, before a blurred background. They move, grow and shrink, turn
away for a moment, enter and leave at the edges; every frame has a camera's noise. All of it is
drawn anew by a seeded generator whenever a scene is gone through: the same frames each time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.records import Box, Frame, ImageArray
from tests.support.scanning import frame_of

Grey = NDArray[np.uint8]
"""uint8 ``[height, width]``"""

_DRAWN = 240
"""Width in pixels at which a face is kept; smaller ones are made from it."""

_HEAD_WIDTH, _HEAD_HEIGHT = 1.5, 1.9
"""The place of a head, in face widths."""

_AWAY_SECONDS = 0.3
_NOISE = 3.0
"""Standard deviation in grey values, of a camera indoors."""

_COVERED = 0.05
"""The part of a face that another head may hide before nobody can be asked to find it."""


@dataclass(frozen=True)
class Shown:
    """A face that a frame shows.

    `speed` is in face widths a second. One that is not `whole`, cut by the frame's edge or hidden
    by another head, need not be found; nor is it wrong to find it.
    """

    box: Box
    speed: float
    whole: bool = True


@dataclass(frozen=True)
class Scene:
    """A scene of `seconds`; going through it gives every frame with the faces in it.

    `widths` are those of the narrowest and the widest face, in pixels; `top_speed` is in face
    widths a second. `faces` are square grey pictures, a person each.
    """

    faces: Sequence[Grey]
    seed: int
    size: tuple[int, int] = (1280, 720)
    fps: float = 25.0
    seconds: float = 8.0
    widths: tuple[float, float] = (60.0, 240.0)
    top_speed: float = 1.5

    def __len__(self) -> int:
        return round(self.seconds * self.fps)

    def __iter__(self) -> Iterator[tuple[Frame, tuple[Shown, ...]]]:
        random = np.random.default_rng(self.seed)
        background = _background(self.size, random)
        heads = [Head(face) for face in self.faces]
        people = [_Person(self, place, random) for place in range(len(heads))]
        noise = random.normal(0, _NOISE, [side + 64 for side in self.size[::-1]])
        noise = np.repeat(noise.astype(np.int16)[:, :, None], 3, axis=2)
        for number in range(len(self)):
            picture = background.copy()
            for person, head in zip(people, heads, strict=True):
                head.draw(picture, person.box, away=person.away)
            y, x = random.integers(0, 64, 2)
            noisy = picture + noise[y : y + self.size[1], x : x + self.size[0]]
            image: ImageArray = np.clip(noisy, 0, 255).astype(np.uint8)
            yield frame_of(image, number, self.fps), self._shown(people)
            for person in people:
                person.step(1 / self.fps)

    def _shown(self, people: Sequence["_Person"]) -> tuple[Shown, ...]:
        """Return the faces; who comes later in the list stands before the others."""
        frame = Box(0, 0, *self.size)
        shown = []
        for place, person in enumerate(people):
            inside = _share(person.box, frame)
            if person.away or inside == 0:
                continue
            hidden = max((_share(person.box, p.head) for p in people[place + 1 :]), default=0.0)
            shown.append(Shown(person.box, person.speed, inside == 1 and hidden <= _COVERED))
        return tuple(shown)


def still(face: Grey, width: int) -> tuple[ImageArray, Box]:
    """Return one face in the middle of plain grey, and where it is."""
    picture = np.full((3 * width, 3 * width, 3), 127, np.uint8)
    box = Box(width, width, width, width)
    Head(face).draw(picture, box, away=False)
    return picture, box


class _Person:
    """Walks from leg to leg: each has its speed, its direction, and by how much it is nearer."""

    def __init__(self, scene: Scene, place: int, random: np.random.Generator) -> None:
        self._scene, self._random = scene, random
        self._width = float(np.exp(random.uniform(*np.log(scene.widths))))
        across = (place + 0.5) / len(scene.faces)
        self._centre = np.array([across, random.uniform(0.35, 0.65)]) * scene.size
        self._turns = random.uniform(1, 3)
        self._back = 0.0
        self._leg()

    @property
    def box(self) -> Box:
        left, top = (self._centre - self._width / 2).round()
        return Box(int(left), int(top), round(self._width), round(self._width))

    @property
    def head(self) -> Box:
        width, height = round(_HEAD_WIDTH * self._width), round(_HEAD_HEIGHT * self._width)
        left, top = (self._centre - (width / 2, height / 2)).round()
        return Box(int(left), int(top), width, height)

    @property
    def away(self) -> bool:
        """Whether the face is turned away."""
        return self._back > 0

    def step(self, seconds: float) -> None:
        self._centre = self._centre + self._direction * self.speed * self._width * seconds
        self._width = float(np.clip(self._width * self._growth**seconds, *self._scene.widths))
        self._left -= seconds
        self._turns -= seconds
        self._back -= seconds
        if self._turns <= 0:
            self._turns, self._back = self._random.uniform(2, 4), _AWAY_SECONDS
        if self._left <= 0:
            self._leg()

    def _leg(self) -> None:
        """Choose where to go; who has left comes back, and not too slowly."""
        random, size = self._random, np.array(self._scene.size)
        gone = bool(np.any(self._centre < 0) or np.any(self._centre > size))
        slowest = self._scene.top_speed / 2 if gone else 0.0
        margin = self._width * (-0.6 if gone else 0.6)
        aim = random.uniform(-margin, size + margin)
        way = aim - self._centre
        self._direction = way / max(1.0, float(np.hypot(*way)))
        self.speed = float(random.uniform(slowest, self._scene.top_speed))
        self._left = random.uniform(1, 2.5)
        self._growth = float(np.exp(random.uniform(-0.5, 0.5)))


class Head:
    """A face on its head, as a picture and how much it hides at every pixel."""

    def __init__(self, face: Grey) -> None:
        width, height = round(_HEAD_WIDTH * _DRAWN), round(_HEAD_HEIGHT * _DRAWN)
        rim = np.concatenate([face[0], face[-1], face[:, 0], face[:, -1]])
        self._blank = np.full((height, width), float(np.median(rim)), np.float32)
        big = cv2.resize(face, (_DRAWN, _DRAWN), interpolation=cv2.INTER_CUBIC)
        left, top = (width - _DRAWN) // 2, (height - _DRAWN) // 2
        inner, feather = np.zeros_like(self._blank), _DRAWN // 12
        part = slice(top, top + _DRAWN), slice(left, left + _DRAWN)
        inner[part][feather:-feather, feather:-feather] = 1
        inner = np.asarray(cv2.blur(inner, (2 * feather + 1,) * 2), np.float32)
        self._facing = self._blank.copy()
        self._facing[part] += inner[part] * (big - self._blank[part])
        oval = np.zeros_like(self._blank)
        axes = (width // 2 - feather, height // 2 - feather)
        cv2.ellipse(oval, (width // 2, height // 2), axes, 0, 0, 360, 1.0, -1)
        self._hides = np.maximum(cv2.blur(oval, (feather,) * 2), inner)

    def draw(self, picture: ImageArray, box: Box, away: bool) -> None:
        """Draw it on ``[height, width, 3]`` so that the face lies at `box`."""
        width, height = round(_HEAD_WIDTH * box.width), round(_HEAD_HEIGHT * box.width)
        left, top = box.x - (width - box.width) // 2, box.y - (height - box.width) // 2
        right, bottom = min(left + width, picture.shape[1]), min(top + height, picture.shape[0])
        x, y = max(0, left), max(0, top)
        if right <= x or bottom <= y:
            return
        part = slice(y - top, bottom - top), slice(x - left, right - left)
        head, hides = (
            cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)[part][:, :, None]
            for whole in (self._blank if away else self._facing, self._hides)
        )
        behind = picture[y:bottom, x:right]
        behind[:] = np.clip(behind + hides * (head - behind), 0, 255)


def _background(size: tuple[int, int], random: np.random.Generator) -> ImageArray:
    """Return a slope of light with soft spots, large and small."""
    width, height = size
    spots = sum(
        amount * cv2.resize(
            random.normal(0, 1, (1 + height // grain, 1 + width // grain, 3)),
            size, interpolation=cv2.INTER_CUBIC,
        )
        for grain, amount in ((120, 20), (30, 10), (8, 4))
    )  # fmt: skip
    left, right = random.uniform(60, 190, 2)
    slope = np.linspace(left, right, width)[None, :, None]
    return np.asarray(np.clip(slope + spots, 0, 255), np.uint8)


def _share(box: Box, other: Box) -> float:
    """Return the part of `box` that lies in `other`, 0..1."""
    width = min(box.x + box.width, other.x + other.width) - max(box.x, other.x)
    height = min(box.y + box.height, other.y + other.height) - max(box.y, other.y)
    return max(0, width) * max(0, height) / box.area
