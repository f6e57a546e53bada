"""All that is found in a data set, and how it is told in JSON."""

from collections import Counter
from dataclasses import dataclass
from functools import reduce
from itertools import combinations, permutations
from operator import add
from typing import Any

from edge.emotions import EMOTIONS
from training.data import SPLITS, DataSet, Split
from training.duplicates import Duplicates, Face, find_duplicates, other_label
from training.explore.agreement import Agreement, agree
from training.explore.counts import Counts, count
from training.explore.near import NearCopy, find_near


@dataclass(frozen=True)
class Findings:
    """What is found in a data set.

    Attributes
    ----------
    counts
        Of every split that there is.
    duplicates
        Exact copies and blank pictures.
    near
        Near copies that faces of a split (first) have in an earlier split (second).
    agreement
        With FER+, of every split; empty without FER+.
    """

    counts: dict[Split, Counts]
    duplicates: Duplicates
    near: dict[tuple[Split, Split], tuple[NearCopy, ...]]
    agreement: dict[Split, Agreement]

    @property
    def missing_splits(self) -> list[Split]:
        """Splits that the data set does not have."""
        return [split for split in SPLITS if split not in self.counts]

    @property
    def agreement_of_all(self) -> Agreement | None:
        """The agreement over all splits."""
        return reduce(add, self.agreement.values()) if self.agreement else None


def look(data: DataSet) -> Findings:
    """Find it all; a few seconds for FER-2013, most of them for near copies."""
    duplicates = find_duplicates(data)
    agreement = {split: agree(samples) for split, samples in data.splits.items()}
    return Findings(
        counts={split: count(samples) for split, samples in data.splits.items()},
        duplicates=duplicates,
        near={
            (later, earlier): find_near(data, later, earlier, duplicates)
            for earlier, later in combinations(data.splits, 2)
        },
        agreement={split: found for split, found in agreement.items() if found},
    )


def describe(found: Findings) -> dict[str, Any]:
    """Return the findings as an object for JSON."""
    return {
        "splits": {split: _counts(counts) for split, counts in found.counts.items()},
        "missing_splits": found.missing_splits,
        "blank": [_face(face) for face in found.duplicates.blank],
        "duplicates": _duplicates(found.duplicates, list(found.counts)),
        "near": [
            {
                "split": later, "also_in": earlier, "faces": len(copies),
                "list": [
                    [_face(near.face), _face(near.other), round(near.correlation, 4)]
                    for near in copies
                ],
            }
            for (later, earlier), copies in found.near.items()
        ],
        "fer_plus": {
            split: _agreement(agreement) for split, agreement in found.agreement.items()
        } or None,
    }  # fmt: skip


def _face(face: Face) -> dict[str, str]:
    return {"split": face.split, "name": face.name, "label": face.emotion}


def _counts(counts: Counts) -> dict[str, Any]:
    return {
        "faces": counts.total,
        "classes": dict(zip(EMOTIONS, counts.faces, strict=True)),
        "missing": counts.missing,
        "imbalance": counts.imbalance and round(counts.imbalance, 2),
    }


def _duplicates(found: Duplicates, splits: list[Split]) -> dict[str, Any]:
    groups = Counter(
        tuple(split for split in splits if any(face.split == split for face in group))
        for group in found.groups
    )
    return {
        "groups": len(found.groups),
        "faces": sum(map(len, found.groups)),
        "redundant": found.redundant,
        "redundant_in": {split: found.redundant_in(split) for split in splits},
        "groups_within": len(found.within),
        "groups_across": len(found.across),
        "groups_of_differing_labels": len(found.disagreeing),
        "groups_of_splits": [
            {"splits": list(of), "groups": number} for of, number in groups.items()
        ],
        "also_in": [
            {
                "split": split, "also_in": other, "faces": len(copies),
                "other_label": other_label(copies),
            }
            for split, other in permutations(splits, 2)
            for copies in [found.copies(split, other)]
        ],
        "list": [[_face(face) for face in group] for group in found.groups],
    }  # fmt: skip


def _agreement(found: Agreement) -> dict[str, Any]:
    rates = {
        emotion: None
        if found.table[label].sum() == 0
        else round(float(found.rates[label, label]), 4)
        for label, emotion in enumerate(EMOTIONS)
    }
    return {
        "agree": found.rate and round(found.rate, 4),
        "agree_by_label": rates,
        "ties": found.ties,
        "no_vote": found.no_vote,
        "label_by_majority": found.table.tolist(),
    }
