"""The JSON Schema that editors check config.yaml by."""

import json
import random
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from edge.config.schema import config_schema
from tests.edge.test_config_mutations import PATHS, SHIPPED, mutate, rename
from tests.support.daemon import run_cli
from tests.support.system import REPOSITORY

VALIDATOR = Draft7Validator(config_schema())


def is_valid(text: str) -> bool:
    return bool(VALIDATOR.is_valid(yaml.safe_load(text)))


def test_the_file_beside_the_configuration_is_the_schema_of_the_models() -> None:
    Draft7Validator.check_schema(config_schema())
    path = REPOSITORY / "config.schema.json"
    assert json.loads(path.read_text()) == config_schema(), "run make schemas"
    assert SHIPPED.startswith("# yaml-language-server: $schema=config.schema.json\n")


def test_the_command_prints_it() -> None:
    assert json.loads(run_cli("config", "schema").stdout) == config_schema()


@pytest.mark.parametrize(
    "text",
    [
        SHIPPED,
        "cameras: {a: {source: 0}}",
        "cameras: {a: {source: demo, detect: , capture: {fps: 10}}}\nmqtt:\nlog:",
        "cameras: {a: {source: 'rtsp://h/x', username: me, password: '${file:x}'}}",
        "cameras: {a: {source: demo}}\nweb: {port: '${PORT}', tls: {certificate: a, key: b}}",
        "cameras: {a: {source: demo}}\nmqtt: {version: 5, topics: {event: {qos: 0}}}",
        "cameras: {a: {source: demo}}\nclassify: {delegate: {library: x.so, options: {a: 1}}}",
        "cameras: {a: {source: demo, detect: {include: [[[0, 0], [0.5, 0], [0.5, 1]]]}}}",
    ],
)
def test_what_is_right_is_right_in_an_editor(text: str) -> None:
    assert is_valid(text), list(VALIDATOR.iter_errors(yaml.safe_load(text)))


@pytest.mark.parametrize(
    "text",
    [
        "node: box-1",
        "cameras: {}",
        "cameras: {a: {}}",
        "cameras: {a/b: {source: demo}}",
        "cameras: {a: {source: demo}}\nweb: {port: eighty}",
        "cameras: {a: {source: demo}}\ndetect: {kind: yolo}",
        "cameras: {a: {source: demo}}\nclassify: {delegate: {options: {}}}",
        "cameras: {a: {source: demo, detect: {include: [[[0, 0], [0.5, 0], [0.5]]]}}}",
    ],
)
def test_what_is_wrong_is_wrong_in_an_editor(text: str) -> None:
    assert not is_valid(text)


def test_a_wrong_key_is_wrong_in_an_editor() -> None:
    chance = random.Random(7)
    texts: list[Any] = [mutate(rename, PATHS, chance)[0] for _ in range(100)]
    assert not any(map(is_valid, texts))
