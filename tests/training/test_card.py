"""The model card, made of the networks that ship."""

import re
from pathlib import Path

import pytest

from tests.support.fer2013 import write_csv, write_votes
from tests.training.test_train import one_line, run
from training.card import SHIPPED_NETWORKS

pytestmark = pytest.mark.timeout(300)


def test_the_card_tells_of_every_network_that_ships(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "fer2013.csv")
    votes = write_votes(tmp_path / "fer2013new.csv")
    out = tmp_path / "model-card.md"
    done = run("card", data, "--votes", votes, "--out", out)
    assert done.returncode == 0, done.stderr
    card = out.read_text()
    networks = sorted(path.parent.name for path in SHIPPED_NETWORKS.glob("*/network.keras"))
    assert networks
    for name in networks:
        assert f"`{name}-int8`" in card
        assert f"## {name}" in card
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", card)
    assert len(pictures) == 3 * len(networks)
    for picture in pictures:
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")
    assert "Article 5(1)(f)" in card
    assert "nan" not in card
    assert not re.search(r"[{}]", card), "a placeholder was left"


def test_the_card_in_the_repository_is_of_the_files_that_ship() -> None:
    card = (Path(__file__).parents[2] / "docs" / "model-card.md").read_text()
    for path in SHIPPED_NETWORKS.glob("*/network.keras"):
        assert f"`{path.parent.name}-int8`" in card


def test_an_unknown_default_is_one_line(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "fer2013.csv")
    votes = write_votes(tmp_path / "fer2013new.csv")
    done = run("card", data, "--votes", votes, "--default", "fer-none", "--out", tmp_path / "x.md")
    one_line(done, "no network fer-none")
