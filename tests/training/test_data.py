from pathlib import Path

import pytest

from tests.support.fer2013 import write_csv
from training.data import DataError, read_fer2013


@pytest.mark.parametrize("name", ["fer2013.csv", "fer2013.csv.gz"])
def test_all_splits_are_read(tmp_path: Path, name: str) -> None:
    data = read_fer2013(write_csv(tmp_path / name))
    assert {split: len(samples) for split, samples in data.items()} == {
        "Training": 70, "PublicTest": 14, "PrivateTest": 14,
    }  # fmt: skip
    assert data["Training"].images.shape == (70, 48, 48)
    assert data["Training"].labels[:8].tolist() == [0, 1, 2, 3, 4, 5, 6, 0]
    # The bar of label 1 lies in rows 6 to 13.
    assert data["Training"].images[1, 6:14].min() >= 130


def _damage(path: Path, number: int, old: str, new: str) -> None:
    lines = path.read_text().splitlines()
    assert old in lines[number]
    lines[number] = lines[number].replace(old, new, 1)
    path.write_text("\n".join(lines))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (" ", " x ", "row 3"),
        (" ", "", "row 3: 2303 pixels"),
        (" ", " 999 ", "row 3: 2305 pixels"),
        ("2,", "7,", "row 3: emotion is 7"),
        ("2,", "two,", "row 3"),
        (",Training", ",Validation", "row 3: Usage is 'Validation'"),
        (",Training", "", "row 3: Usage is None"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = write_csv(tmp_path / "fer2013.csv")
    _damage(path, 3, old, new)
    with pytest.raises(DataError, match=message):
        read_fer2013(path)


def test_a_file_with_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("name,age\nx,3\n")
    with pytest.raises(DataError, match="has the columns name, age"):
        read_fer2013(path)


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv.gz")
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(DataError, match="damaged"):
        read_fer2013(path)


def test_what_is_not_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv.gz"
    path.write_text("emotion,pixels,Usage\n")
    with pytest.raises(DataError, match="damaged or not a CSV"):
        read_fer2013(path)


def test_a_missing_split_is_named(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv", test=0)
    with pytest.raises(DataError, match="no PublicTest rows"):
        read_fer2013(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no data set at"):
        read_fer2013(tmp_path / "none.csv")


@pytest.mark.timeout(300)
def test_the_real_data_set_is_whole(shared: Path) -> None:
    data = read_fer2013(shared / "fer2013" / "fer2013.csv.gz")
    assert [len(samples) for samples in data.values()] == [28709, 3589, 3589]
    assert (data["Training"].labels == 1).sum() == 436
