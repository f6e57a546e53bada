"""Pictures that stand in a data set more than once, and pictures that show nothing."""

from collections import defaultdict
from dataclasses import dataclass

from edge.emotions import EMOTIONS, Emotion
from training.data import DataSet, Split


@dataclass(frozen=True)
class Face:
    """Where a face stands.

    Attributes
    ----------
    split
        Its split.
    place
        Its index in the arrays of the split.
    name
        Its row of the file, or its file of the folder.
    label
        Index into `edge.emotions.EMOTIONS`.
    """

    split: Split
    place: int
    name: str
    label: int

    @property
    def emotion(self) -> Emotion:
        """The name of its label."""
        return EMOTIONS[self.label]


Group = tuple[Face, ...]


@dataclass(frozen=True)
class Duplicates:
    """Exact copies, and blank pictures, which are not counted among the copies.

    Attributes
    ----------
    blank
        Faces whose pixels are all of one value.
    groups
        Two faces or more of the same pixels, in the order of the data set.
    """

    blank: tuple[Face, ...]
    groups: tuple[Group, ...]

    @property
    def redundant(self) -> int:
        """Faces that could go without the loss of a picture."""
        return sum(len(group) - 1 for group in self.groups)

    @property
    def within(self) -> list[Group]:
        """Groups of one split."""
        return [group for group in self.groups if len(_splits(group)) == 1]

    @property
    def across(self) -> list[Group]:
        """Groups of several splits: what was learned from one is tested on another."""
        return [group for group in self.groups if len(_splits(group)) > 1]

    @property
    def disagreeing(self) -> list[Group]:
        """Groups whose faces do not all bear the same label."""
        return [group for group in self.groups if len({face.label for face in group}) > 1]

    def redundant_in(self, split: Split) -> int:
        """Return how many faces of a split stand in it already, at an earlier place."""
        return sum(max(sum(face.split == split for face in group) - 1, 0) for group in self.groups)

    def copies(self, split: Split, other: Split) -> list[tuple[Face, Group]]:
        """Return every face of `split` that also stands in `other`, with its copies there."""
        return [
            (face, there)
            for group in self.groups
            if (there := tuple(copy for copy in group if copy.split == other))
            for face in group
            if face.split == split
        ]


def find_duplicates(data: DataSet) -> Duplicates:
    """Compare every face with every other, byte for byte."""
    blank = []
    groups: defaultdict[bytes, list[Face]] = defaultdict(list)
    for split, samples in data.splits.items():
        labels = samples.labels.tolist()
        for place, image in enumerate(samples.images):
            face = Face(split, place, samples.names[place], labels[place])
            if image.min() == image.max():
                blank.append(face)
            else:
                groups[image.tobytes()].append(face)
    return Duplicates(tuple(blank), tuple(tuple(g) for g in groups.values() if len(g) > 1))


def other_label(copies: list[tuple[Face, Group]]) -> int:
    """Return how many of these faces bear a label that none of their copies bears."""
    return sum(face.label not in {copy.label for copy in there} for face, there in copies)


def _splits(group: Group) -> set[Split]:
    return {face.split for face in group}
