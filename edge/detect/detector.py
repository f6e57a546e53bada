"""What every detector is: a scan of a grey picture, with a score for each face."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.face_image import Placement
from edge.records import Box


@dataclass(frozen=True, slots=True)
class Found:
    """A face in the picture that was scanned.

    Attributes
    ----------
    box
        Where, in that picture's pixels.
    score
        How sure the detector is, 0..1; 0.5 is where it would itself begin to speak of a face.
    turned
        Whether the face looks to a side, where the detector can tell.
    """

    box: Box
    score: float
    turned: bool = False


class Detector(Protocol):
    """Finds faces in a grey picture."""

    placement: Placement
    """Where FER-2013's own crop lies relative to this detector's boxes."""

    width: int
    """Frame width in pixels that it scans best, where the user names none."""

    def detect(
        self, grey: NDArray[np.uint8], smallest: int = 0, largest: int | None = None
    ) -> list[Found]:
        """Return every face in ``[height, width]`` uint8 of a width between these, in pixels."""
        ...
