"""Kaggle's CSV files, whole, in other order, and broken."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.fer2013 import write_csv
from training.data import DataError
from training.read import read_data


@pytest.mark.parametrize("name", ["fer2013.csv", "fer2013.csv.gz"])
def test_all_splits_are_read(tmp_path: Path, name: str) -> None:
    data = read_data(write_csv(tmp_path / name))
    assert {split: len(samples) for split, samples in data.splits.items()} == {
        "Training": 70, "PublicTest": 14, "PrivateTest": 14,
    }  # fmt: skip
    assert data["Training"].images.shape == (70, 48, 48)
    assert data["Training"].labels[:8].tolist() == [0, 1, 2, 3, 4, 5, 6, 0]
    assert data["PublicTest"].names[0] == "row 71"
    # The bar of label 1 lies in rows 6 to 13.
    assert data["Training"].images[1, 6:14].min() >= 130


def test_the_columns_of_icml_face_data_are_read(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv")
    plain = read_data(path)
    other = tmp_path / "icml_face_data.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()[1:]]
    lines = ["emotion, Usage, pixels"] + [f"{e},{usage},{pixels}" for e, pixels, usage in rows]
    other.write_text("\n".join(lines))
    data = read_data(other)
    for split, samples in plain.splits.items():
        assert (data[split].images == samples.images).all()
        assert (data[split].labels == samples.labels).all()


def _damage(path: Path, number: int, old: str, new: str) -> None:
    lines = path.read_text().splitlines()
    assert old in lines[number]
    lines[number] = lines[number].replace(old, new, 1)
    path.write_text("\n".join(lines))


FAULTS = [
    (" ", " x ", "row 3: a pixel is no whole number"),
    (" ", " 1.5 ", "row 3: a pixel is no whole number"),
    (" ", "", "row 3: 2303 pixels"),
    (" ", " 99 ", "row 3: 2305 pixels"),
    ("2,", "2,-", "row 3: a pixel lies outside"),
    ("2,", "7,", "row 3: emotion is '7'"),
    ("2,", "two,", "row 3: emotion is 'two'"),
    (",Training", ",Validation", "row 3: Usage is 'Validation'"),
    (",Training", "", "row 3: 2 columns"),
    (" ", '" ', "row 3: a pixel is no whole number"),
    (" ", " \ufffd ", "row 3: a pixel is no whole number"),
]


@pytest.mark.parametrize(("old", "new", "message"), FAULTS)
def test_a_bad_row_is_named_and_left_out(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = write_csv(tmp_path / "fer2013.csv", training=140)
    _damage(path, 3, old, new)
    data = read_data(path)
    (said,) = data.left_out
    assert message in said
    assert len(data["Training"]) == 139
    assert data["Training"].names[1:4] == ("row 2", "row 4", "row 5")


def test_a_broken_byte_breaks_its_row_alone(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv", training=140)
    lines = path.read_bytes().split(b"\n")
    lines[3] = lines[3].replace(b" ", b"\xff ", 1)
    path.write_bytes(b"\n".join(lines))
    assert read_data(path).left_out == ("row 3: a pixel is no whole number",)


def test_a_stray_quotation_mark_swallows_no_rows(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv", training=140)
    lines = path.read_text().splitlines()
    lines[160] = '"' + lines[160]
    path.write_text("\n".join(lines) + "\n")
    data = read_data(path)
    assert sum(map(len, data.splits.values())) + len(data.left_out) == 168


def test_quoted_fields_are_read(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv")
    plain = read_data(path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join('"' + line.replace(",", '","') + '"' for line in lines) + "\n")
    assert np.array_equal(read_data(path)["Training"].images, plain["Training"].images)


def test_more_than_one_bad_row_in_a_hundred_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv", training=70)
    _damage(path, 3, "2,", "9,")
    with pytest.raises(DataError, match="1 of 98 faces are bad: row 3: emotion is '9'"):
        read_data(path)
    for number in range(10, 17):
        _damage(path, number, " ", "")
    with pytest.raises(DataError, match=r"row 3.*row 10.*row 11.*and 5 more"):
        read_data(path)


def test_a_file_with_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("name,age\nx,3\n")
    with pytest.raises(DataError, match="has the columns name, age"):
        read_data(path)


@pytest.mark.parametrize("content", [b"", b"some\nprose, of a kind\n", b"\x89PNG\r\n\x00\xff\xfe"])
def test_a_file_that_is_no_data_set_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"fer2013\.csv (has the columns|is damaged)"):
        read_data(path)


def test_a_file_of_a_header_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text("emotion,pixels,Usage\n")
    with pytest.raises(DataError, match="has no faces"):
        read_data(path)


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv.gz")
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(DataError, match="damaged"):
        read_data(path)


def test_what_is_not_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv.gz"
    path.write_text("emotion,pixels,Usage\n")
    with pytest.raises(DataError, match="damaged or not a CSV"):
        read_data(path)


def test_a_missing_split_is_named(tmp_path: Path) -> None:
    data = read_data(write_csv(tmp_path / "fer2013.csv", test=0))
    with pytest.raises(DataError, match="has no PublicTest faces, only Training"):
        data["PublicTest"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no data set at"):
        read_data(tmp_path / "none.csv")


@pytest.mark.timeout(300)
def test_the_real_data_set_is_whole(shared: Path) -> None:
    folder = shared / "fer2013"
    data = read_data(folder / "fer2013.csv.gz", folder / "fer2013new.csv")
    assert [len(samples) for samples in data.splits.values()] == [28709, 3589, 3589]
    assert (data["Training"].labels == 1).sum() == 436
    assert data.left_out == ()
    votes = data["Training"].votes
    assert votes is not None
    clear = votes.sum(axis=1) > 0
    agree = votes[clear].argmax(axis=1) == data["Training"].labels[clear]
    assert agree.mean() == pytest.approx(0.645, abs=0.005)
