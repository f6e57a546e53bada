"""What is drawn for a face: its box, its label, the bars of all emotions."""

from collections.abc import Iterator, Sequence
from typing import Final

from edge.annotate.colours import BLACK, COLOURS, WHITE, ink_on, mix
from edge.annotate.pen import Pen, Rect
from edge.emotions import EMOTIONS
from edge.records import Showing, Track

_TEXT: Final = 16
"""Height of the label's capitals, in units."""


def draw_box(pen: Pen, rect: Rect, face: Showing) -> None:
    """Draw the box, with a dark edge that parts it from a bright picture."""
    line, radius = pen.px(3), min(pen.px(14), (rect[2] - rect[0]) / 6)
    pen.outline(rect, radius, BLACK, line + 2)
    pen.outline(rect, radius, COLOURS[face.label], line)


def draw_label(pen: Pen, rect: Rect, face: Showing, taken: Sequence[Rect]) -> Rect:
    """Draw what the face shows, where least of `taken` is hidden; return where that is."""
    sure = face.label != "uncertain"
    number = str(face.id) if isinstance(face, Track) else ""
    text = f"{face.label} {face.confidence:.0%}" if sure else face.label
    size = max(7.0, _TEXT * pen.unit)
    pad, bar = round(0.5 * size), max(2, round(0.18 * size))
    gap = pad if number else 0
    ahead = pen.text_width(number, 0.75 * size) if number else 0
    width = ahead + gap + pen.text_width(text, size) + 2 * pad
    height = round(2.1 * size) + (2 * bar if sure else 0)
    place = _free(_around(rect, width, height, pen), taken)
    left, top, right, _ = place
    colour = COLOURS[face.label]
    ink = ink_on(colour)
    pen.fill(Rect((left - 1, top - 1, right + 1, place[3] + 1)), pad + 1, BLACK, 0.5)
    pen.fill(place, pad, colour)
    base = top + round((1.4 if sure else 1.5) * size)
    if number:
        pen.text(number, left + pad, base, 0.75 * size, mix(colour, ink, 0.65))
    pen.text(text, left + pad + ahead + gap, base, size, ink)
    if sure:
        track = Rect((left + pad, place[3] - 2 * bar - 1, right - pad, place[3] - bar - 1))
        full = round((track[2] - track[0]) * face.confidence)
        pen.fill(track, bar / 2, mix(colour, ink, 0.25))
        pen.fill(Rect((track[0], track[1], track[0] + full, track[3])), bar / 2, ink)
    return place


def draw_probabilities(pen: Pen, rect: Rect, face: Showing, taken: Sequence[Rect]) -> Rect:
    """Draw a bar for every emotion beside the face, as long as it is probable."""
    size = max(5.0, 0.7 * _TEXT * pen.unit)
    row, pad = round(1.8 * size), round(0.8 * size)
    names = max(pen.text_width(emotion, size) for emotion in EMOTIONS)
    bars = round(4.5 * size)
    width, height = names + bars + 3 * pad, row * len(EMOTIONS) + pad
    place = _free(_beside(rect, width, height, pen), taken)
    left, top = place[:2]
    pen.fill(place, pad, BLACK, 0.6)
    for number, (emotion, share) in enumerate(zip(EMOTIONS, face.probabilities, strict=True)):
        base = top + pad // 2 + number * row + round(1.4 * size)
        pen.text(emotion, left + pad, base, size, WHITE)
        start = left + 2 * pad + names
        bar = Rect((start, base - round(size), start + bars, base))
        pen.fill(bar, size / 4, mix(BLACK, WHITE, 0.3))
        full = round(bars * share)
        if full:
            pen.fill(Rect((start, bar[1], start + full, base)), size / 4, COLOURS[emotion])
    return place


def draw_fps(pen: Pen, fps: float) -> None:
    """Draw frames a second into a corner."""
    text, size = f"{fps:.1f} fps", max(7.0, 0.8 * _TEXT * pen.unit)
    pad = round(0.5 * size)
    width = pen.text_width(text, size) + 2 * pad
    pen.fill(Rect((pad, pad, pad + width, pad + round(2 * size))), pad, BLACK, 0.6)
    pen.text(text, 2 * pad, pad + round(1.5 * size), size, WHITE)


def draw_notice(pen: Pen, text: str) -> None:
    """Write something over the whole picture."""
    size = max(7.0, 2 * _TEXT * pen.unit)
    left = (pen.width - pen.text_width(text, size)) // 2
    pen.text(text, left, (pen.height + round(size)) // 2, size, (160, 160, 160))


def _free(places: Iterator[Rect], taken: Sequence[Rect]) -> Rect:
    """Return the place where least is hidden; the first of those."""
    return min(places, key=lambda place: sum(place.common(other) for other in taken))


def _around(rect: Rect, width: int, height: int, pen: Pen) -> Iterator[Rect]:
    """Yield where a label may stand, all of it in the picture, the best place first."""
    gap = pen.px(5)
    left = max(0, min(rect[0], pen.width - width))
    for top in (rect[1] - gap - height, rect[3] + gap, rect[1] + gap, rect[3] - gap - height):
        if 0 <= top <= pen.height - height:
            yield Rect((left, top, left + width, top + height))
    yield Rect((left, 0, left + width, height))


def _beside(rect: Rect, width: int, height: int, pen: Pen) -> Iterator[Rect]:
    """Yield where bars may stand, the best place first."""
    gap = pen.px(8)
    top = max(0, min(rect[1], pen.height - height))
    for left in (rect[2] + gap, rect[0] - gap - width):
        if 0 <= left <= pen.width - width:
            yield Rect((left, top, left + width, top + height))
    left = max(0, min(rect[0], pen.width - width))
    for top in (rect[3] + gap, rect[1] - gap - height, pen.height - height, 0):
        if 0 <= top <= pen.height - height:
            yield Rect((left, top, left + width, top + height))
    yield Rect((left, 0, left + width, height))
