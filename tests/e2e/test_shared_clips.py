"""Real people: clips that are not ours to ship."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import run_cli


def faces(clip: Path, detector: str) -> list[dict[str, Any]]:
    done = run_cli("video", clip, "--json", "--detector", detector)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("detector", ["haar", "dlib"])
def test_the_smiling_man_is_found_and_happy(shared: Path, detector: str) -> None:
    frames = faces(shared / "clips" / "smiling-man-720p.mp4", detector)
    assert len(frames) == 62
    assert sum(bool(frame["faces"]) for frame in frames) >= 0.95 * 62
    assert max(len(frame["faces"]) for frame in frames) == 1, "one man, one box"
    largest = [
        max(frame["faces"], key=lambda face: face["box"][2])["label"]
        for frame in frames
        if frame["faces"]
    ]
    assert largest.count("happy") >= 0.95 * len(largest)


@pytest.mark.parametrize("detector", ["haar", "dlib"])
def test_three_people_are_found_at_the_end(shared: Path, detector: str) -> None:
    frames = faces(shared / "clips" / "three-people-720p.mp4", detector)
    counts = [len(frame["faces"]) for frame in frames]
    # The one in the middle is to dlib what it just begins to speak of as a face.
    assert sum(count == 3 for count in counts[-10:]) >= (8 if detector == "haar" else 4)
    assert min(counts[-10:]) >= 2


@pytest.mark.parametrize("detector", ["haar", "dlib"])
def test_three_people_who_only_walk_are_neutral(shared: Path, detector: str) -> None:
    frames = faces(shared / "clips" / "three-people-720p.mp4", detector)
    labels = [face["label"] for frame in frames for face in frame["faces"]]
    assert len(labels) > 80
    assert labels.count("neutral") >= 0.8 * len(labels)
