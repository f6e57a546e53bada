"""What all answers of the web server have in common, and what machines ask for."""

import logging
import time

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from edge.capture.state import SourceState
from tests.support.web import WebBox


def problem(answer: TestResponse, status: int) -> dict[str, object]:
    """Return the problem that an answer must be."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    told = answer.get_json()
    assert told["status"] == status
    assert told["title"]
    return dict(told)


@pytest.fixture
def box() -> WebBox:
    return WebBox()


@pytest.fixture
def client(box: WebBox) -> FlaskClient:
    return box.client


def test_errors_are_problems(client: FlaskClient) -> None:
    assert "window" in str(problem(client.get("/api/cameras/window"), 404)["detail"])
    problem(client.get("/nothing"), 404)
    problem(client.get("/cameras/window/stream.mjpg"), 404)
    refused = client.delete("/api/state")
    problem(refused, 405)
    assert set(refused.allow) == {"GET", "HEAD", "OPTIONS"}
    problem(client.post("/api/cameras/door/control", data="pause"), 415)


def test_a_fault_is_told_to_the_log_and_not_to_the_client(
    box: WebBox, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    del box.views["door"]._metrics  # so that describing it fails
    with caplog.at_level(logging.ERROR):
        told = problem(client.get("/api/state"), 500)
    assert set(told) == {"title", "status"}
    assert "AttributeError" in caplog.text
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/state", "/api/openapi.json", "/"])
def test_head_is_get_without_its_body(client: FlaskClient, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert head.status_code == get.status_code == 200
    assert head.data == b""
    assert head.content_type == get.content_type


def test_healthz_says_whether_the_main_loop_comes_round(box: WebBox, client: FlaskClient) -> None:
    assert client.get("/healthz").data == b"ok\n"
    box.connected = False
    box.healths["door"].move(SourceState.OFFLINE)
    assert client.get("/healthz").data == b"ok\n"
    box.turned = time.monotonic() - 100
    assert "100 s" in str(problem(client.get("/healthz"), 503)["detail"])


def test_readyz_lists_what_is_missing() -> None:
    box = WebBox(cameras={name: {"source": "demo"} for name in ("door", "yard", "clip", "hall")})
    assert box.client.get("/readyz").data == b"ok\n"
    box.healths["clip"].move(SourceState.ENDED)
    box.views["hall"].obey("pause")
    box.healths["hall"].move(SourceState.OFFLINE)
    assert box.client.get("/readyz").data == b"ok\n"
    box.healths["yard"].move(SourceState.RECONNECTING)
    box.connected = False
    told = problem(box.client.get("/readyz"), 503)
    assert told["missing"] == [
        "camera yard is reconnecting",
        "no connection to the MQTT broker at 127.0.0.1",
    ]
    assert told["detail"] == "; ".join(map(str, told["missing"]))


def test_metrics_answer(client: FlaskClient) -> None:
    assert b"edge_fer_mqtt_connected 0.0" in client.get("/metrics").data
