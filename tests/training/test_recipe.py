"""Recipes: those that ship, one's own, and faulty ones."""

from pathlib import Path

import pytest

from edge.errors import ConfigError
from training.recipe import names, read_recipe


def test_the_recipes_that_ship_are_read() -> None:
    assert names() == ["best", "classic", "light", "taught", "teacher", "teacher-cutmix"]
    for name in names():
        assert read_recipe(name).epochs > 0
    classic = read_recipe("classic")
    assert (classic.optimizer, classic.votes, classic.label_smoothing) == ("adam", 0, 0)


def test_values_may_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("epochs: 3\naugmentation: {flip: 0.5}\n")
    recipe = read_recipe(str(path), epochs=5, batch_size=None)
    assert (recipe.epochs, recipe.batch_size, recipe.augmentation.flip) == (5, 64, 0.5)


def test_an_unknown_recipe_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match="no recipe bset: choose one of best, classic"):
        read_recipe("bset")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs: 3\nspeed: 4\n", "line 2, column 1: unknown key speed"),
        ("epochs: many\n", "line 1, column 9: epochs should be"),
        ("epochs: 3\naugmentation:\n  flip: 2\n", r"column 9: augmentation.flip should be 1"),
        ("batch_size: 8\n", "epochs is missing"),
        ("", "expected keys such as 'epochs:'"),
        ("epochs: 3\nlearning_rate: .nan\n", "column 16: learning_rate should be a finite number"),
        ("epochs: 3\nlearning_rate: .inf\n", "column 16: learning_rate should be a finite number"),
        ("epochs: 3\ngrowth: {size: 36, share: 1.0}\n", "growth.share should be less than 1"),
        ("epochs: 3\nschedule: constant\nwarmup: 0.1\n", "warmup goes with schedule: cosine"),
    ],
)
def test_a_faulty_recipe_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_recipe(str(path))


@pytest.mark.parametrize("rate", [float("nan"), float("inf"), -1.0])
def test_a_faulty_change_is_one_line(rate: float) -> None:
    with pytest.raises(ConfigError, match="recipe classic with learning_rate"):
        read_recipe("classic", learning_rate=rate)
