"""The Grafana dashboard and the alert rules, without a server."""

import json
import re
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge.capture.state import SourceState
from edge.emotions import LABELS
from edge.metrics import DROPS, MQTT_CONNECT_FAILURES, MQTT_DROPS, STAGES
from edge.metrics.reference import reference
from tests.support.prometheus import promtool
from tests.support.system import REPOSITORY

FOLDER = REPOSITORY / "dashboards"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "edge-fer.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
SHOWN = [panel for panel in PANELS if panel["type"] != "row"]
RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0][
    "rules"
]
QUERIES = [target["expr"] for panel in SHOWN for target in panel["targets"]]
QUERIES += [rule["expr"] for rule in RULES]


def test_every_panel_has_an_id_and_a_place_of_its_own() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert len({panel["title"] for panel in SHOWN}) == len(SHOWN)
    places = [panel["gridPos"] for panel in PANELS]
    assert all(p["x"] >= 0 and p["x"] + p["w"] <= 24 for p in places)
    for one, other in combinations(places, 2):
        assert (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        ), (one, other)
    assert all(a["y"] <= b["y"] for a, b in pairwise(places)), "read from top to bottom"


@pytest.mark.parametrize("panel", SHOWN, ids=lambda panel: panel["title"])
def test_every_panel_explains_itself_and_asks_the_chosen_server(panel: dict[str, Any]) -> None:
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    letters = [target["refId"] for target in panel["targets"]]
    assert letters == sorted(set(letters))
    for asks in (panel, *panel["targets"]):
        assert asks["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert all("$node" in target["expr"] for target in panel["targets"])


def test_dashboard_and_rules_know_only_metrics_that_there_are() -> None:
    known = set(re.findall(r"`((?:edge_fer|process)_\w+)`", reference()))
    for query in QUERIES:
        names = re.findall(r"\b(?:edge_fer|process)_\w+", query)
        assert names or "up{" in query or "ALERTS{" in query
        for name in names:
            histogram = name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
            assert name in known or histogram in known, name


def test_queries_ask_for_values_that_labels_have() -> None:
    reasons = {r for reasons in DROPS.values() for r in reasons}
    known = {
        "stage": {*STAGES, "pipeline"},
        "reason": {*reasons, *MQTT_DROPS, *MQTT_CONNECT_FAILURES},
        "emotion": set(LABELS),
        "state": {state.value for state in SourceState},
    }
    asked = [m for query in QUERIES for m in re.findall(r'\b(\w+)=~?"([a-z|]+)"', query)]
    asked = [(label, values) for label, values in asked if label in known]
    assert len(asked) > 10
    for label, values in asked:
        assert set(values.split("|")) <= known[label]


def test_the_rules_are_right_by_their_own_tests() -> None:
    promtool("check", "rules", FOLDER / "alerts.yml")
    promtool("test", "rules", FOLDER / "alerts.test.yml")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_is_seen_to_fire_and_says_what_to_do(rule: dict[str, Any]) -> None:
    tests = yaml.safe_load((FOLDER / "alerts.test.yml").read_text())["tests"]
    own = next(test for test in tests if test["name"].startswith(rule["alert"]))
    fires = [ask["exp_samples"] for ask in own["promql_expr_test"]]
    assert [] in fires, "and at another time nothing does"
    (samples,) = (samples for samples in fires if samples)
    (sample,) = samples
    assert f'alertname="{rule["alert"]}"' in sample["labels"]
    labels = set(re.findall(r'(\w+)="', sample["labels"]))
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook"}
    for text in rule["annotations"].values():
        assert set(re.findall(r"\$labels\.(\w+)", text)) <= labels


def test_the_example_configuration_is_right(tmp_path: Path) -> None:
    for name in ("prometheus.yml", "alerts.yml", "boxes.yml"):
        (tmp_path / name).write_text((FOLDER / name).read_text())
    for name in ("edge-fer.token", "edge-fer-ca.pem"):  # they must be there, no more
        (tmp_path / name).touch()
    said = promtool("check", "config", tmp_path / "prometheus.yml")
    assert "FAILED" not in said
    assert f"{len(RULES)} rules found" in said
