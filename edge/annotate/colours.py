"""The colours of the emotions, and what is legible on them."""

from typing import Final

import numpy as np

Colour = tuple[int, int, int]
"""Blue, green, red."""

# Okabe and Ito's palette, told apart by colour-blind people too.
COLOURS: Final[dict[str, Colour]] = {
    "angry": (0, 94, 213),
    "disgust": (115, 158, 0),
    "fear": (167, 121, 204),
    "happy": (66, 228, 240),
    "sad": (178, 114, 0),
    "surprise": (0, 159, 230),
    "neutral": (230, 230, 230),
    "uncertain": (140, 140, 140),
}

BLACK: Final[Colour] = (0, 0, 0)
WHITE: Final[Colour] = (255, 255, 255)

_BRIGHT: Final = 100
"""Luminance of a colour, 0..255, from which black letters are read better than white."""


def ink_on(colour: Colour) -> Colour:
    """Return black or white, whichever is read better on `colour`."""
    return BLACK if np.dot(colour, (0.114, 0.587, 0.299)) > _BRIGHT else WHITE


def mix(colour: Colour, other: Colour, share: float) -> Colour:
    """Return `colour` with so large a share of another."""
    blue, green, red = (
        round((1 - share) * a + share * b) for a, b in zip(colour, other, strict=True)
    )
    return blue, green, red
