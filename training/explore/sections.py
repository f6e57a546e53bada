"""The findings in words and tables, the same on the terminal and on the page."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from edge.emotions import EMOTIONS
from training.data import DataSet, Split
from training.duplicates import Face, Group, other_label
from training.explore.agreement import Agreement
from training.explore.findings import Findings

Title = Literal["Counts", "Faces", "Copies", "FER+"]

NAMED: Final = 6
"""How many blank pictures a sentence names."""


@dataclass(frozen=True)
class Table:
    """Cells as they are shown; `listing` is for long lists, which only the page has room for."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    listing: bool = False


@dataclass(frozen=True)
class Section:
    """What is said on one subject: sentences first, then tables."""

    title: Title
    notes: tuple[str, ...]
    tables: tuple[Table, ...]


def sections(data: DataSet, found: Findings) -> tuple[Section, ...]:
    """Put the findings into words; FER+ only where there are votes."""
    parts = [_counts(data, found), Section("Faces", (), ()), _copies(found)]
    everything = found.agreement_of_all
    if everything:
        parts.append(_fer_plus(found, everything))
    return tuple(parts)


def _counts(data: DataSet, found: Findings) -> Section:
    counts = found.counts.values()
    rows = [
        (emotion, *(f"{c.faces[label]:,}  {c.faces[label] / c.total:6.1%}" for c in counts))
        for label, emotion in enumerate(EMOTIONS)
    ]
    rows.append(("all", *(f"{c.total:,}  {1:6.1%}" for c in counts)))
    rows.append(
        ("largest / smallest", *(f"{c.imbalance:.1f}" if c.imbalance else "-" for c in counts))
    )
    notes = [f"There are no {split} faces." for split in found.missing_splits]
    notes += [
        f"{split} has no {' and no '.join(c.missing)} faces."
        for split, c in found.counts.items()
        if c.missing
    ]
    tables = [Table("Faces of each emotion", ("", *found.counts), tuple(rows))]
    if data.left_out:
        notes.append(f"Bad faces that were left out: {len(data.left_out)}.")
        left_out = tuple((fault,) for fault in data.left_out)
        tables.append(Table("Left out", ("where and why",), left_out, listing=True))
    return Section("Counts", tuple(notes), tuple(tables))


def _copies(found: Findings) -> Section:
    duplicates = found.duplicates
    faces = sum(map(len, duplicates.groups))
    notes = [
        f"{len(duplicates.groups):,} pictures stand more than once, as {faces:,} faces: "
        f"{duplicates.redundant:,} of them are redundant. {len(duplicates.within):,} of the "
        f"pictures stand in one split only, {len(duplicates.across):,} in several. "
        f"{len(duplicates.disagreeing):,} bear labels that differ."
    ]
    for (later, earlier), near in found.near.items():
        copies = duplicates.copies(later, earlier)
        if copies or near:
            share = len(copies) / found.counts[later].total
            notes.append(
                f"Leak: {len(copies):,} {later} faces ({share:.1%}) stand in {earlier} too, and "
                f"{len(near):,} more as near copies, the same photograph with other pixels."
            )
    if duplicates.blank:
        first = ", ".join(f"{face.split} {_named(face)}" for face in duplicates.blank[:NAMED])
        more = len(duplicates.blank) - NAMED
        notes.append(f"Blank: {first}{f' and {more} more' if more > 0 else ''}.")
    all_near = [copy for near in found.near.values() for copy in near]
    tables = (
        Table("Copies and blank pictures", ("", *found.counts), tuple(_copy_rows(found))),
        _group_listing("Pictures in several splits", duplicates.across, found.counts),
        _group_listing("Pictures more than once in one split", duplicates.within, found.counts),
        Table(
            f"Near copies ({len(all_near):,})",
            ("split", "face", "also in", "face", "correlation"),
            tuple(
                (
                    copy.face.split, _named(copy.face), copy.other.split, _named(copy.other),
                    f"{copy.correlation:.3f}",
                )
                for copy in all_near
            ),
            listing=True,
        ),
        Table(
            f"Blank pictures ({len(duplicates.blank):,})", ("split", "face"),
            tuple((face.split, _named(face)) for face in duplicates.blank), listing=True,
        ),
    )  # fmt: skip
    return Section("Copies", tuple(notes), tuple(t for t in tables if t.rows))


def _copy_rows(found: Findings) -> Iterable[tuple[str, ...]]:
    splits = list(found.counts)
    blank = [face.split for face in found.duplicates.blank]
    yield "blank", *(f"{blank.count(split):,}" for split in splits)
    yield (
        "redundant in the split",
        *(f"{found.duplicates.redundant_in(split):,}" for split in splits),
    )
    for other in splits:
        copies = [found.duplicates.copies(s, other) if s != other else None for s in splits]
        near = [found.near.get((split, other)) for split in splits]
        if any(copies):
            yield f"also in {other}", *("" if c is None else f"{len(c):,}" for c in copies)
            yield (
                "  with another label",
                *("" if c is None else f"{other_label(c):,}" for c in copies),
            )
        if any(near):
            yield f"near copy in {other}", *("" if n is None else f"{len(n):,}" for n in near)


def _group_listing(title: str, groups: list[Group], splits: Iterable[Split]) -> Table:
    splits = tuple(splits)
    rows = tuple(
        (
            *(", ".join(_named(face) for face in group if face.split == split) for split in splits),
            "differ" if len({face.label for face in group}) > 1 else "",
        )
        for group in groups
    )
    return Table(f"{title} ({len(groups):,})", (*splits, "labels"), rows, listing=True)


def _fer_plus(found: Findings, everything: Agreement) -> Section:
    columns = found.agreement.values()
    rows = [
        (emotion, *(_percent(float(a.rates[label, label])) for a in columns))
        for label, emotion in enumerate(EMOTIONS)
    ]
    rows.append(("all", *(_percent(a.rate) for a in columns)))
    rows.append(("tie: no majority", *(f"{a.ties:,}" for a in columns)))
    rows.append(("no vote for the seven", *(f"{a.no_vote:,}" for a in columns)))
    matrix = tuple(
        (emotion, *(_percent(float(rate)) for rate in rates))
        for emotion, rates in zip(EMOTIONS, everything.rates, strict=True)
    )
    return Section(
        "FER+",
        (
            f"{_percent(everything.rate)} of the labels are what most FER+ voters saw; faces "
            "without a majority are left out.",
        ),
        (
            Table("Labels that are the FER+ majority", ("", *found.agreement), tuple(rows)),
            Table("Majority (column) of each label (row)", ("", *EMOTIONS), matrix),
        ),
    )


def _named(face: Face) -> str:
    return f"{face.name} ({face.emotion})"


def _percent(share: float | None) -> str:
    """NaN and None are for shares of nothing."""
    return "-" if share is None or math.isnan(share) else f"{share:.1%}"
