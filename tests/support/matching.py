"""Which boxes of two lists are of the same face."""

from collections.abc import Sequence

from edge.records import Box

SAME_FACE = 0.4
"""Intersection over union from which a box that was found is the face that is there."""

_LINKED = 0.3
_STEADY_FRAMES = 3


def pairs(ones: Sequence[Box], others: Sequence[Box], least: float = SAME_FACE) -> dict[int, int]:
    """Return for the boxes of `ones` their partners in `others`, by place in the lists.

    No box has two partners; those that overlap most are paired first.
    """
    overlaps = [(a.overlap(b), i, j) for i, a in enumerate(ones) for j, b in enumerate(others)]
    found: dict[int, int] = {}
    for overlap, one, other in sorted(overlaps, key=lambda entry: (-entry[0], *entry[1:])):
        if overlap >= least and one not in found and other not in found.values():
            found[one] = other
    return found


def steady(frames: Sequence[Sequence[Box]]) -> list[list[bool]]:
    """Return which boxes belong to a face that is there in three frames running, or more.

    A false face that flashes up once does not, even where it comes back later.
    """
    chains: list[list[list[tuple[int, int]]]] = []
    for number, boxes in enumerate(frames):
        before = pairs(boxes, frames[number - 1], _LINKED) if number else {}
        chains.append([chains[-1][before[i]] if i in before else [] for i in range(len(boxes))])
        for place, chain in enumerate(chains[-1]):
            chain.append((number, place))
    return [[len(chain) >= _STEADY_FRAMES for chain in row] for row in chains]
