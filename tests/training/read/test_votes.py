"""FER+ votes beside the rows of fer2013.csv."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.fer2013 import write_csv, write_votes
from training.data import DataError
from training.read import read_data


def test_votes_are_shares_of_the_seven_in_our_order(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv")
    votes = write_votes(tmp_path / "fer2013new.csv")
    lines = votes.read_text().splitlines()
    # neutral, happiness, surprise, sadness, anger, disgust, fear, contempt, unknown, NF
    lines[2] = "Training,,2,0,0,3,0,0,0,5,0,0"
    lines[3] = "Training,,0,0,0,0,0,0,0,0,2,8"
    votes.write_text("\n".join(lines))
    data = read_data(path, votes)
    shares = data["Training"].votes
    assert shares is not None
    assert shares.shape == (70, 7)
    assert shares[1].tolist() == pytest.approx([0, 0, 0, 0, 0.6, 0, 0.4])
    assert shares[2].tolist() == [0] * 7
    assert shares[0].sum() == pytest.approx(1)


def test_a_bad_row_does_not_shift_the_votes(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv", training=140)
    lines = path.read_text().splitlines()
    lines[3] = "9" + lines[3][1:]
    path.write_text("\n".join(lines))
    data = read_data(path, write_votes(tmp_path / "fer2013new.csv", training=140))
    for samples in data.splits.values():
        assert samples.votes is not None
        assert (samples.votes.argmax(axis=1) == samples.labels).all()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("happiness", "joy", "has no column happiness"),
        ("Training,fer0000000.png,", "Training,fer0000000.png,x", "row 1: a count of votes"),
        ("Training,fer0000000.png,", "PublicTest,fer0000000.png,", "row 1 is of PublicTest"),
    ],
)
def test_a_broken_file_of_votes_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = write_csv(tmp_path / "fer2013.csv")
    votes = write_votes(tmp_path / "fer2013new.csv")
    text = votes.read_text()
    assert old in text
    votes.write_text(text.replace(old, new, 1))
    with pytest.raises(DataError, match=message):
        read_data(path, votes)


def test_votes_of_another_number_of_faces_are_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv")
    with pytest.raises(DataError, match=r"has 91 rows, .* 98 faces"):
        read_data(path, write_votes(tmp_path / "fer2013new.csv", training=63))


def test_votes_of_faces_in_another_order_are_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv", training=210)
    votes = write_votes(tmp_path / "fer2013new.csv", training=210)
    header, *rows = path.read_text().splitlines()
    rows[:210] = [*rows[2:210], *rows[:2]]
    path.write_text("\n".join([header, *rows]) + "\n")
    with pytest.raises(DataError, match="agrees with 0% of the Training labels"):
        read_data(path, votes)


def test_a_missing_file_of_votes_is_named(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv")
    with pytest.raises(DataError, match=r"no FER\+ votes at"):
        read_data(path, tmp_path / "none.csv")
    assert np.isfinite(read_data(path)["Training"].images).all()
