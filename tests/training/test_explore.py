"""The data set explored as a user does it, with copies and faults planted where we know them."""

import base64
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.commands import invoke
from tests.support.fer2013 import write_csv, write_votes
from training.cli import main
from training.data import DataSet
from training.explore import explore
from training.explore.agreement import NO_VOTE, TIE, majority
from training.explore.findings import look
from training.read import read_data

PIXELS = 48 * 48


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return invoke(main, "explore", *arguments)


def change(path: Path, change_rows: Callable[[list[list[str]]], None]) -> Path:
    """Change the cells of a CSV file; row 0 is the header, as the file's rows count from 1."""
    rows = [line.split(",") for line in path.read_text().splitlines()]
    change_rows(rows)
    path.write_text("".join(f"{','.join(row)}\n" for row in rows))
    return path


def plant(rows: list[list[str]]) -> None:
    """Training is rows 1 to 70, PublicTest 71 to 84, PrivateTest 85 to 98."""
    copies = {9: 2, 4: 3, 75: 5, 71: 6, 14: 7, 91: 7}
    for copy, original in copies.items():
        rows[copy][1] = rows[original][1]
    rows[85][1] = " ".join(str(int(pixel) + 3) for pixel in rows[1][1].split())
    for blank, grey in ((70, 0), (84, 0), (98, 200)):
        rows[blank][1] = " ".join([str(grey)] * PIXELS)


def revote(rows: list[list[str]]) -> None:
    rows[1][2:] = [*"9010000", "0", "0", "0"]  # angry: nine see neutral
    rows[8][2:] = [*"0000000", "3", "6", "1"]  # angry: contempt, unknown, no face
    rows[15][2:] = [*"4400000", "2", "0", "0"]  # angry: neutral and happy
    rows[71][2:] = [*"0000010", "9", "0", "0"]  # angry: one sees disgust, nine contempt


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("data")
    return (
        change(write_csv(folder / "fer2013.csv"), plant),
        change(write_votes(folder / "fer2013new.csv"), revote),
    )


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out") / "not" / "yet"


@pytest.fixture(scope="module")
def told(files: tuple[Path, Path], out: Path) -> dict[str, Any]:
    done = run(files[0], "--votes", files[1], "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    return dict(json.loads(done.stdout))


def face(split: str, row: int, label: str) -> dict[str, str]:
    return {"split": split, "name": f"row {row}", "label": label}


def test_classes_are_counted(told: dict[str, Any]) -> None:
    training = told["splits"]["Training"]
    assert training["faces"] == 70
    assert set(training["classes"].values()) == {10}
    assert (training["imbalance"], training["missing"]) == (1.0, [])
    assert told["missing_splits"] == []
    assert told["left_out"] == []


def test_copies_are_found_within_and_across_splits(told: dict[str, Any]) -> None:
    found = told["duplicates"]
    assert found["list"] == [
        [face("Training", 2, "disgust"), face("Training", 9, "disgust")],
        [face("Training", 3, "fear"), face("Training", 4, "happy")],
        [face("Training", 5, "sad"), face("PublicTest", 75, "sad")],
        [face("Training", 6, "surprise"), face("PublicTest", 71, "angry")],
        [
            face("Training", 7, "neutral"),
            face("Training", 14, "neutral"),
            face("PrivateTest", 91, "neutral"),
        ],
    ]
    assert (found["groups"], found["faces"], found["redundant"]) == (5, 11, 6)
    assert (found["groups_within"], found["groups_across"]) == (2, 3)
    assert found["groups_of_differing_labels"] == 2
    assert found["redundant_in"] == {"Training": 3, "PublicTest": 0, "PrivateTest": 0}
    assert {"splits": ["Training", "PublicTest"], "groups": 2} in found["groups_of_splits"]
    leaks = {
        (of["split"], of["also_in"]): (of["faces"], of["other_label"]) for of in found["also_in"]
    }
    assert leaks == {
        ("PublicTest", "Training"): (2, 1),
        ("PrivateTest", "Training"): (1, 0),
        ("PrivateTest", "PublicTest"): (0, 0),
        ("Training", "PublicTest"): (2, 1),
        ("Training", "PrivateTest"): (2, 0),
        ("PublicTest", "PrivateTest"): (0, 0),
    }


def test_a_lighter_copy_is_a_near_one(told: dict[str, Any]) -> None:
    near = {(of["split"], of["also_in"]): of["list"] for of in told["near"]}
    assert near == {
        ("PublicTest", "Training"): [],
        ("PrivateTest", "Training"): [
            [face("PrivateTest", 85, "angry"), face("Training", 1, "angry"), 1.0]
        ],
        ("PrivateTest", "PublicTest"): [],
    }


def test_blank_pictures_are_no_copies(told: dict[str, Any]) -> None:
    assert told["blank"] == [
        face("Training", 70, "neutral"),
        face("PublicTest", 84, "neutral"),
        face("PrivateTest", 98, "neutral"),
    ]


def test_labels_are_compared_with_fer_plus(told: dict[str, Any]) -> None:
    training = told["fer_plus"]["Training"]
    assert (training["ties"], training["no_vote"]) == (1, 1)
    assert training["agree"] == round(67 / 68, 4)
    assert training["agree_by_label"]["angry"] == round(7 / 8, 4)
    assert training["label_by_majority"][0] == [7, 0, 0, 0, 0, 0, 1]
    assert told["fer_plus"]["PublicTest"]["label_by_majority"][0] == [1, 1, 0, 0, 0, 0, 0]
    assert told["fer_plus"]["PrivateTest"]["agree"] == 1


def test_majority_wants_more_votes_than_any_other() -> None:
    votes = np.zeros((3, 7), np.float32)
    votes[0, [2, 5]] = 0.4, 0.6
    votes[1, [2, 5]] = 0.5
    assert majority(votes).tolist() == [5, TIE, NO_VOTE]


def test_the_page_holds_every_picture_and_needs_nothing_else(
    told: dict[str, Any], out: Path
) -> None:
    pictures = sorted(out.glob("*.png"))
    assert {path.name for path in pictures} == {
        "counts.png", "samples.png", "mean-faces.png", "copies.png", "near-copies.png",
        "fer-plus.png", "disagreement.png",
    }  # fmt: skip
    assert told["files"] == [f"{out}/index.html", *(f for f in told["files"][1:])]
    assert sorted(told["files"][1:]) == [str(path) for path in pictures]
    assert sorted(path.name for path in out.iterdir()) == sorted(
        Path(path).name for path in told["files"]
    )
    page = (out / "index.html").read_text()
    inline = [
        base64.b64decode(data) for data in re.findall(r'src="data:image/png;base64,(.*?)"', page)
    ]
    assert sorted(inline) == sorted(path.read_bytes() for path in pictures)
    for outside in ("http:", "https:", "url(", "<script", "@import"):
        assert outside not in page
    assert "row 4 (happy)" in page


def test_the_terminal_shows_tables(tmp_path: Path, files: tuple[Path, Path]) -> None:
    out = tmp_path / "out"
    done = run(files[0], "--votes", files[1], "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines()[:-8])) <= 80
    text = " ".join(done.stdout.split())
    assert "Faces of each emotion Training PublicTest PrivateTest" in text
    assert "also in Training 2 1" in text
    assert "Leak: 2 PublicTest faces (14.3%) stand in Training too, and 0 more" in text
    assert "Blank: Training row 70 (neutral), PublicTest row 84" in text
    assert f"written: {out}/index.html\n" in done.stdout


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    def cut(rows: list[list[str]]) -> None:
        del rows[85:]
        rows[72][0] = rows[79][0] = "0"

    path = change(write_csv(tmp_path / "<i>fer&2013.csv"), cut)
    done = run(path, "--out", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert "There are no PrivateTest faces." in done.stdout
    assert "PublicTest has no disgust faces." in done.stdout
    assert "FER+" not in done.stdout
    page = (tmp_path / "out" / "index.html").read_text()
    assert "<h1>&lt;i&gt;fer&amp;2013.csv</h1>" in page
    assert "FER+" not in page


def test_a_row_that_was_left_out_is_listed(tmp_path: Path) -> None:
    data = read_data(write_csv(tmp_path / "fer2013.csv"))
    explore(DataSet(data.path, data.splits, ("row 99: <broken>",)), tmp_path / "out", True)
    page = (tmp_path / "out" / "index.html").read_text()
    assert "Bad faces that were left out: 1." in page
    assert "row 99: &lt;broken&gt;" in page


def test_blank_faces_alone_are_no_trouble(tmp_path: Path) -> None:
    def blacken(rows: list[list[str]]) -> None:
        for row in rows[1:]:
            row[1] = " ".join("0" * PIXELS)
        del rows[2:]

    data = read_data(change(write_csv(tmp_path / "fer2013.csv"), blacken))
    explore(data, tmp_path / "out", False)
    assert (tmp_path / "out" / "mean-faces.png").exists()


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_folder_that_cannot_be_written_is_named_in_one_line(
    tmp_path: Path, files: tuple[Path, Path], as_json: list[str]
) -> None:
    out = tmp_path / "taken"
    out.write_text("a file")
    done = run(files[0], "--out", out, *as_json)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"error: cannot write to the folder {out}: File exists\n"


@pytest.mark.timeout(300)
def test_the_real_data_set_has_copies_across_splits(shared: Path) -> None:
    found = look(
        read_data(shared / "fer2013" / "fer2013.csv.gz", shared / "fer2013" / "fer2013new.csv")
    )
    copies = found.duplicates
    assert (len(copies.groups), copies.redundant) == (1517, 1844)
    assert (len(copies.within), len(copies.across), len(copies.disagreeing)) == (961, 556, 58)
    assert len(copies.copies("PublicTest", "Training")) == 279
    assert len(copies.copies("PrivateTest", "Training")) == 288
    assert len(copies.copies("PrivateTest", "PublicTest")) == 44
    assert len(copies.blank) == 12
    assert [len(near) for near in found.near.values()] == pytest.approx([94, 111, 30], abs=1)
    everything = found.agreement_of_all
    assert everything is not None
    assert everything.rate == pytest.approx(0.651, abs=0.001)
    assert everything.no_vote == 178
