"""A thousand configurations with one thing changed: right, or refused with line and reason."""

import random
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from edge.config.file import load_config
from edge.errors import ConfigError, Fault
from tests.support.system import REPOSITORY

SHIPPED: Final = (REPOSITORY / "config.yaml").read_text(encoding="utf-8")
TREE: Final[dict[str, Any]] = yaml.safe_load(SHIPPED)

RENAMED, RETYPED, OUT_OF_RANGE, BROKEN = 300, 300, 150, 250
"""Together the thousand."""

VALID = 250

KINDS: dict[type, tuple[Any, ...]] = {
    bool: ("maybe", 7, [], {"a": 1}),
    int: ("many", 1.5, [], True, {"a": 1}),
    float: ("much", [], {"a": 1}),
    str: (7, 1.5, [], {"a": 1}, ""),
    list: (3, "x", {"a": 1}, [[2, 2]], [None]),
    type(None): ([[[]]], {"a": {"b": 1}}),
    dict: (3, "x", [1], True),
}
"""What is wrong wherever a value of a type is right."""

BEYOND: dict[type, tuple[Any, ...]] = {
    int: (-1, 10**12),
    float: (-1.0, float("inf"), float("nan"), 1e300),
}
"""Beyond every range."""

Change = Callable[[Any, tuple[str, ...], random.Random], str]


def paths(tree: Any, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return every key of a configuration."""
    below = tree.items() if isinstance(tree, dict) else ()
    return [p for k, v in below for p in ((*above, k), *paths(v, (*above, k)))]


PATHS: Final = [path for path in paths(TREE) if path[:2] != ("cameras", "demo") or len(path) > 2]


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


def exceed(tree: Any, path: tuple[str, ...], chance: random.Random) -> str:
    section = parent(tree, path)
    section[path[-1]] = chance.choice(BEYOND[type(section[path[-1]])])
    return path[-1]


def mutate(change: Change, among: list[tuple[str, ...]], chance: random.Random) -> tuple[str, str]:
    """Return a configuration with one key changed, and what the key is called then.

    Sections beside it are left out, for speed: all their keys have defaults.
    """
    path = chance.choice(among)
    tree = deepcopy({key: TREE[key] for key in TREE if key in {"cameras", path[0]}})
    name = change(tree, path, chance)
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True), name


def break_text(chance: random.Random) -> str:
    """Return a section and a camera with something in them that YAML may not like."""
    section = chance.choice([key for key in TREE if key != "cameras"])
    tree = {key: TREE[key] for key in ("cameras", section)}
    text = yaml.safe_dump(tree, sort_keys=False)
    place = chance.randrange(len(text))
    harm = chance.choice(
        ["\t", "{", "]", '"', ": :", "&", "*x ", "\n  - ", "%", "\0", "é", "!!int "]
    )
    return text[:place] + harm + text[place:]


def judge(path: Path, text: str) -> tuple[Fault, ...]:
    """Return what is wrong with a configuration; what is no such list is a fault of ours."""
    path.write_text(text, encoding="utf-8")
    try:
        load_config(path)
        faults: tuple[object, ...] = ()
    except ConfigError as error:
        faults = error.faults
    for fault in faults:
        assert isinstance(fault, Fault), fault
        assert fault.path == path
        assert 1 <= fault.line <= text.count("\n") + 1
        assert fault.column >= 1
        assert "\n" not in str(fault)
        assert "pydantic" not in str(fault).lower()
    return tuple(fault for fault in faults if isinstance(fault, Fault))


def verdicts(
    folder: Path, number: int, change: Change, among: list[tuple[str, ...]] = PATHS
) -> Counter[str]:
    """Change a key so many times; return how many were refused, and how many taken."""
    chance, told = random.Random(7), Counter[str]()
    for _ in range(number):
        text, name = mutate(change, among, chance)
        faults = judge(folder / "config.yaml", text)
        told["refused" if faults else "taken"] += 1
        if not faults:
            # Another word or an empty list may be as right as what was there.
            assert change is retype, text
        else:
            assert any(name in fault.what for fault in faults), (faults, name)
            lines = text.splitlines()
            assert change is not rename or any(name in lines[f.line - 1] for f in faults), faults
    print(f"{change.__name__}: {dict(told)}")
    return told


def test_a_key_renamed_is_refused_where_it_stands(tmp_path: Path) -> None:
    assert verdicts(tmp_path, RENAMED, rename) == {"refused": RENAMED}


def test_a_value_of_another_type_is_refused_where_it_stands(tmp_path: Path) -> None:
    told = verdicts(tmp_path, RETYPED, retype)
    assert told.total() == RETYPED
    assert told["refused"] > 0.85 * RETYPED, told


def test_a_value_out_of_range_is_refused_where_it_stands(tmp_path: Path) -> None:
    numbers = [path for path in PATHS if type(parent(TREE, path)[path[-1]]) in BEYOND]
    assert verdicts(tmp_path, OUT_OF_RANGE, exceed, numbers) == {"refused": OUT_OF_RANGE}


def test_broken_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    chance = random.Random(7)
    texts = [break_text(chance) for _ in range(BROKEN)]
    refused = sum(bool(judge(tmp_path / "config.yaml", text)) for text in texts)
    print(f"broken: {refused} of {BROKEN} refused, the rest fell into texts")
    assert refused > 0.6 * BROKEN
    assert RENAMED + RETYPED + OUT_OF_RANGE + BROKEN == 1000


@pytest.mark.parametrize("flow", [True, False])
def test_no_valid_configuration_is_refused(tmp_path: Path, flow: bool) -> None:
    """Sections in any order, any of them left out, any of their keys left out."""
    chance = random.Random(7)
    for _ in range(VALID // 2):
        sections = chance.sample([key for key in TREE if key != "cameras"], 3)
        order = chance.sample([*sections, "cameras"], 4)
        tree = {key: deepcopy(TREE[key]) for key in order}
        for key in sections:
            if isinstance(tree[key], dict):
                del tree[key][chance.choice(list(tree[key]))]
        text = yaml.safe_dump(tree, sort_keys=False, default_flow_style=flow)
        assert judge(tmp_path / "config.yaml", text) == (), text
