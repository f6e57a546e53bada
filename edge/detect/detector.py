"""What every detector is: it finds faces in a grey picture, with a score for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from edge.detect.scene import Scene
from edge.face_image import Placement
from edge.records import Box

MARGIN: Final = 0.3
"""By so much of its width a face may have moved since the frame before, to any side."""

SMALLER: Final = 0.75
LARGER: Final = 1.35
"""How its width may have changed; with room for the neighbouring sizes that a score counts."""


@dataclass(frozen=True, slots=True)
class Found:
    """A face in a frame.

    Attributes
    ----------
    box
        Where, in pixels of the frame.
    score
        How sure the detector is, 0..1; 0.5 is where it would itself begin to speak of a face.
    turned
        Whether the face looks to a side, where the detector can tell.
    """

    box: Box
    score: float
    turned: bool = False


class Detector(Protocol):
    """Finds faces in a scene."""

    placement: Placement
    """Where FER-2013's own crop lies relative to this detector's boxes."""

    width: int
    """Frame width in pixels that it scans best, where the user names none."""

    most_near: int
    """So many faces are found sooner one by one than by a scan of all of the frame."""

    def scan(self, scene: Scene, smallest: float = 0.0, around: Sequence[Box] = ()) -> list[Found]:
        """Return the faces of all of it; one face may be found twice.

        Parameters
        ----------
        scene
            The frame.
        smallest
            Narrower faces need not be found; in pixels of the frame, as all lengths here.
        around
            Where faces are likely, as they were there a frame ago.
        """
        ...

    def near(self, scene: Scene, box: Box) -> list[Found]:
        """Return the faces about as large as `box` and not far from it."""
        ...
