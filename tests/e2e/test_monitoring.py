"""Prometheus reads two real boxes by dashboards/prometheus.yml, and every panel has data."""

import hashlib
import json
import math
import re
import shutil
import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from edge.metrics.reference import QUERIES
from tests.support.daemon import Daemon
from tests.support.prometheus import Prometheus, promtool
from tests.support.system import REPOSITORY, eventually

FOLDER = REPOSITORY / "dashboards"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "edge-fer.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TARGETS = {f"{p['title']} {t['refId']}": t for p in PANELS for t in p["targets"]}
RULES = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]

TOKEN = "a-token-for-prometheus"
SCRAPE_SECONDS = 1


class Site:
    """Two boxes with a camera of the same name, and a Prometheus that asks for their token."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        own = authority.issue_cert("127.0.0.1")
        own.private_key_pem.write_to_path(str(folder / "box.key"))
        for blob in own.cert_chain_pems:
            blob.write_to_path(str(folder / "box.pem"), append=True)
        for name in ("prometheus.yml", "alerts.yml"):
            shutil.copy(FOLDER / name, folder)
        authority.cert_pem.write_to_path(str(folder / "edge-fer-ca.pem"))
        (folder / "edge-fer.token").write_text(TOKEN + "\n")
        self.trust = ssl.create_default_context(cafile=str(folder / "edge-fer-ca.pem"))
        self.boxes = [self._box(folder, name) for name in ("box-1", "box-2")]
        # One of them with a label of the user's: no query may mind.
        places = [{"place": "hall"}, {}]
        addresses = [f"127.0.0.1:{box.web_port}" for box in self.boxes]
        targets = [
            {"targets": [address], "labels": labels}
            for address, labels in zip(addresses, places, strict=True)
        ]
        (folder / "boxes.yml").write_text(yaml.safe_dump(targets))
        config = yaml.safe_load((folder / "prometheus.yml").read_text())
        every = f"{SCRAPE_SECONDS}s"
        config["global"] = {"scrape_interval": every, "evaluation_interval": every}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.prometheus = Prometheus(folder / "prometheus.yml", folder)

    def _box(self, folder: Path, name: str) -> Daemon:
        own = folder / name
        own.mkdir()
        web = {
            "token": f"sha256:{hashlib.sha256(TOKEN.encode()).hexdigest()}",
            "tls": {"certificate": "../box.pem", "key": "../box.key"},
        }
        # A few frames a second: the other box shares the processor.
        cameras = {"demo": {"source": "demo", "capture": {"fps": 8}}}
        return Daemon(own, {"node": name, "cameras": cameras, "web": web})

    def scrape(self) -> bytes:
        """Return what the first box tells Prometheus."""
        asked = urllib.request.Request(
            f"https://127.0.0.1:{self.boxes[0].web_port}/metrics",
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        with urllib.request.urlopen(asked, timeout=10, context=self.trust) as answer:
            return bytes(answer.read())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    logs = "; ".join(box.text for box in site.boxes)
    faces = 'count(sum by (instance) (increase(edge_fer_emotions_total{emotion="happy"}[20s])) > 0)'
    eventually(
        lambda: [s for s in site.prometheus.query(faces) if s["value"][1] == "2"],
        60,
        f"a happy face on both boxes in Prometheus; {logs}",
    )
    yield site
    site.prometheus.kill()
    for box in site.boxes:
        box.kill()


def filled_in(query: str, node: str = ".*", camera: str = ".*") -> str:
    """Return a query as Grafana sends it."""
    values = {
        "$node": node,
        "$camera": camera,
        "$__rate_interval": f"{4 * SCRAPE_SECONDS}s",
        "$__range": "30s",
    }
    for name, value in values.items():
        query = query.replace(name, value)
    assert "$" not in query
    return query


@pytest.mark.parametrize("name", TARGETS)
def test_every_query_of_every_panel_returns_data(site: Site, name: str) -> None:
    target = TARGETS[name]
    chosen = filled_in(target["expr"], "(box-1|box-2)", "demo")

    shown = set(re.findall(r"{{(\w+)}}", target.get("legendFormat", "")))

    def figures() -> list[dict[str, Any]]:
        """Return what is no gap, of both boxes: shares and times of nothing, nobody being there."""
        samples = site.prometheus.query(chosen)
        samples = [s for s in samples if math.isfinite(float(s["value"][1]))]
        boxes = {sample["metric"].get("node") for sample in samples}
        return samples if "node" not in shown or boxes == {"box-1", "box-2"} else []

    samples = eventually(figures, what=f"data for {name}")
    assert all(shown <= sample["metric"].keys() for sample in samples)
    assert site.prometheus.query(filled_in(target["expr"])), "with all chosen"


def test_the_variables_offer_the_boxes_and_their_cameras(site: Site) -> None:
    variables = {v["name"]: v for v in DASHBOARD["templating"]["list"]}
    metric, label = re.fullmatch(
        r"label_values\((\w+), (\w+)\)", variables["node"]["definition"]
    ).groups()  # type: ignore[union-attr]
    assert site.prometheus.ask(f"label/{label}/values", **{"match[]": metric}) == ["box-1", "box-2"]
    of_cameras = variables["camera"]
    query = re.fullmatch(r"query_result\((.*)\)", of_cameras["definition"])
    assert query is not None
    samples = site.prometheus.query(filled_in(query[1], node="box-2"))
    pattern = of_cameras["regex"].strip("/")
    # Grafana looks for the pattern in the series as Prometheus would write it.
    lines = ['{camera="%s"}' % s["metric"]["camera"] for s in samples]  # noqa: UP031 - braces
    assert [re.search(pattern, line)[1] for line in lines] == ["demo"]  # type: ignore[index]


@pytest.mark.parametrize("question", QUERIES)
def test_the_queries_of_the_reference_return_data(site: Site, question: str) -> None:
    assert site.prometheus.query(QUERIES[question])


def test_the_rules_run_and_no_alert_fires_for_healthy_boxes(site: Site) -> None:
    def rules() -> list[dict[str, Any]]:
        return [r for g in site.prometheus.ask("rules")["groups"] for r in g["rules"]]

    eventually(lambda: all(rule["health"] == "ok" for rule in rules()), what=f"{rules()}")
    assert {rule["name"] for rule in rules()} == {rule["alert"] for rule in RULES}
    assert not [rule["name"] for rule in rules() if rule["alerts"] and rule["state"] == "firing"]


def test_the_scrape_is_as_prometheus_wants_it_and_names_nobody(site: Site) -> None:
    text = site.scrape()
    assert promtool("check", "metrics", stdin=text) == ""
    labels = set(re.findall(r'[{,](\w+)="', text.decode()))
    assert labels == {
        "camera", "stage", "reason", "emotion", "state", "le", "node", "version",
        "model", "quantization", "sha256", "runtime", "delegate", "adapter",
    }  # fmt: skip


def test_without_the_token_nothing_is_told(site: Site) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(
            f"https://127.0.0.1:{site.boxes[0].web_port}/metrics", timeout=10, context=site.trust
        )
    assert refused.value.code == 401


def test_a_box_that_hangs_is_missed(site: Site) -> None:
    (lost,) = (panel["targets"][0]["expr"] for panel in PANELS if panel["title"] == "Boxes lost")

    def boxes_lost() -> str:
        return str(site.prometheus.query(filled_in(lost))[0]["value"][1])

    def missed() -> list[str]:
        """Return the boxes that the alert is for; a slow machine may have others."""
        told = [alert["labels"] for alert in site.prometheus.ask("alerts")["alerts"]]
        return [each["instance"] for each in told if each["alertname"] == "EdgeFerBoxDown"]

    eventually(lambda: boxes_lost() == "0", what="both boxes being there")
    site.boxes[1].freeze()
    try:
        eventually(lambda: boxes_lost() == "1", what="the box being missed")
        hung = f"127.0.0.1:{site.boxes[1].web_port}"
        eventually(lambda: missed() == [hung], what="its alert, pending")
    finally:
        site.boxes[1].thaw()
    eventually(lambda: boxes_lost() == "0" and not missed(), what="the box being back")
