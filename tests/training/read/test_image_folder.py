"""FER-2013 as folders of images."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.emotions import EMOTIONS
from training.data import DataError
from training.read import read_data


def write_folder(path: Path, *splits: str, faces: int = 2, suffix: str = ".png") -> Path:
    """Write `faces` images for every emotion and split; the grey value tells the emotion."""
    for split in splits:
        for number, emotion in enumerate(EMOTIONS):
            folder = path / split / emotion
            folder.mkdir(parents=True)
            for face in range(faces):
                image = np.full((48, 48), number * 30 + face, np.uint8)
                cv2.imwrite(str(folder / f"{face}{suffix}"), image)
    return path


def test_train_validation_and_test_are_the_three_splits(tmp_path: Path) -> None:
    data = read_data(write_folder(tmp_path, "train", "validation", "test"))
    assert {split: len(samples) for split, samples in data.splits.items()} == {
        "Training": 14, "PublicTest": 14, "PrivateTest": 14,
    }  # fmt: skip
    training = data["Training"]
    grey = training.images[:, 0, 0]
    assert (grey // 30 == training.labels).all()
    assert f"train/{EMOTIONS[0]}/0.png" in training.names


def test_with_train_and_test_alone_test_chooses_the_checkpoint(tmp_path: Path) -> None:
    data = read_data(write_folder(tmp_path, "train", "test", suffix=".jpg"))
    assert set(data.splits) == {"Training", "PublicTest"}
    with pytest.raises(DataError, match="no PrivateTest faces"):
        data["PrivateTest"]


def test_other_sizes_and_colours_become_grey_faces(tmp_path: Path) -> None:
    write_folder(tmp_path, "train", "test")
    cv2.imwrite(str(tmp_path / "train" / "happy" / "big.png"), np.full((96, 80, 3), 77, np.uint8))
    data = read_data(tmp_path)
    face = data["Training"].images[data["Training"].names.index("train/happy/big.png")]
    assert face.shape == (48, 48)
    assert (face == 77).all()


def test_a_broken_image_is_named_and_left_out(tmp_path: Path) -> None:
    write_folder(tmp_path, "train", "test", faces=10)
    (tmp_path / "train" / "sad" / "0.png").write_bytes(b"no image")
    data = read_data(tmp_path)
    assert data.left_out == ("train/sad/0.png: not an image",)
    (tmp_path / "train" / "sad" / "1.png").write_bytes(b"")
    with pytest.raises(DataError, match="2 of 140 faces are bad"):
        read_data(tmp_path)


@pytest.mark.parametrize("suffix", [".bmp", ".webp", ".tif"])
def test_every_image_is_read_whatever_its_format(tmp_path: Path, suffix: str) -> None:
    write_folder(tmp_path, "train", "test", suffix=suffix)
    assert len(read_data(tmp_path)["Training"]) == 14


def test_what_lies_among_the_images_is_named(tmp_path: Path) -> None:
    write_folder(tmp_path, "train", "test", faces=15)
    sad = tmp_path / "train" / "sad"
    for unseen in (".DS_Store", "Thumbs.db"):
        (sad / unseen).write_bytes(b"")
    (sad / "notes.txt").write_text("of 2013")
    (sad / "more").mkdir()
    assert read_data(tmp_path).left_out == (
        "train/sad/more: a folder, not an image", "train/sad/notes.txt: not an image",
    )  # fmt: skip


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no folder train or test"):
        read_data(tmp_path)
    (tmp_path / "train" / "cats").mkdir(parents=True)
    with pytest.raises(DataError, match="cats is no emotion"):
        read_data(tmp_path)
