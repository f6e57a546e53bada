"""A thousand configurations with one thing changed: right, or refused with line and reason."""

import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge.config.file import load_config
from edge.errors import ConfigError
from tests.support.system import REPOSITORY

KINDS: dict[type, tuple[Any, ...]] = {
    bool: ("maybe", 7, [], {"a": 1}),
    int: ("many", 1.5, [], True, {"a": 1}, -1, 10**12),
    float: ("much", [], {"a": 1}, -1.0, float("inf"), float("nan"), 1e300),
    str: (7, 1.5, [], {"a": 1}, ""),
    list: (3, "x", {"a": 1}, [[2, 2]], [None]),
    type(None): ([[[]]], {"a": {"b": 1}}),
    dict: (3, "x", [1], True),
}
"""What is wrong wherever a value of a type is right; -1 and the like go beyond every range."""


def paths(tree: Any, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return every key of a configuration."""
    below = tree.items() if isinstance(tree, dict) else ()
    return [p for k, v in below for p in ((*above, k), *paths(v, (*above, k)))]


def parent(tree: Any, path: tuple[str, ...]) -> Any:
    for key in path[:-1]:
        tree = tree[key]
    return tree


def rename(tree: Any, path: tuple[str, ...], chance: random.Random) -> str:
    section = parent(tree, path)
    letters = list(path[-1])
    place = chance.randrange(len(letters))
    letters[place] = chance.choice([c for c in "xqz7-Ä " if c != letters[place]])
    name = "".join(letters)
    section[name] = section.pop(path[-1])
    return name


def retype(tree: Any, path: tuple[str, ...], chance: random.Random) -> str:
    section = parent(tree, path)
    section[path[-1]] = chance.choice(KINDS[type(section[path[-1]])])
    return path[-1]


def break_text(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text))
    harm = chance.choice(
        ["\t", "{", "]", '"', ": :", "&", "*x ", "\n  - ", "%", "\0", "é", "!!int "]
    )
    return text[:place] + harm + text[place:]


def reorder(tree: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Return the same configuration with its keys in another order and some defaults left out."""
    keys = list(tree)
    chance.shuffle(keys)
    left_out = chance.choice([key for key in keys if key != "cameras"])
    return {key: tree[key] for key in keys if key != left_out}


def judge(path: Path, text: str) -> str | None:
    """Return what is wrong with a configuration, None if nothing; anything else is a fault."""
    path.write_text(text, encoding="utf-8")
    try:
        load_config(path)
    except ConfigError as error:
        for line in (str(error), *error.others):
            assert "\n" not in line
            assert re.match(rf"{re.escape(str(path))}, line \d+", line), line
            assert "pydantic" not in line.lower()
        return "\n".join((str(error), *error.others))
    return None


@pytest.mark.parametrize("change", [rename, retype])
def test_a_key_renamed_or_of_another_type_is_refused_where_it_stands(
    tmp_path: Path, change: Callable[[Any, tuple[str, ...], random.Random], str]
) -> None:
    shipped = (REPOSITORY / "config.yaml").read_text(encoding="utf-8")
    chance, verdicts = random.Random(7), Counter[str]()
    for _ in range(350):
        tree = yaml.safe_load(shipped)
        path = chance.choice([p for p in paths(tree) if p[:2] != ("cameras", "demo") or len(p) > 2])
        name = change(tree, path, chance)
        text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)
        said = judge(tmp_path / "config.yaml", text)
        verdicts["refused" if said else "taken"] += 1
        if said is None:
            # An offset of nothing, an infinity or another word may be as right as the old one.
            assert change is retype, f"{path} as {name}: {text}"
            continue
        lines = [text.splitlines()[int(n) - 1] for n in re.findall(r", line (\d+)", said)]
        assert name in said
        assert change is retype or any(name in line for line in lines), (said, name)
    assert verdicts["refused"] >= 280, verdicts


def test_broken_yaml_is_refused_and_never_a_traceback(tmp_path: Path) -> None:
    shipped = (REPOSITORY / "config.yaml").read_text(encoding="utf-8")
    chance, refused = random.Random(7), 0
    for _ in range(200):
        refused += judge(tmp_path / "config.yaml", break_text(shipped, chance)) is not None
    assert refused > 50  # what falls into a comment harms nothing


def test_no_valid_configuration_is_refused(tmp_path: Path) -> None:
    shipped = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))
    chance = random.Random(7)
    for number in range(100):
        text = yaml.safe_dump(
            reorder(shipped, chance), sort_keys=False, default_flow_style=bool(number % 2)
        )
        assert judge(tmp_path / "config.yaml", text) is None, text
