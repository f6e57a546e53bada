"""The JSON API keeps its document."""

import json
import re
import time
from typing import Any

import jsonschema
import numpy as np
import pytest

from edge.capture.picture import ColourPicture
from edge.config.web import SCRYPT
from edge.metrics import STAGES
from edge.records import Frame
from edge.web.api.openapi import describe_api
from tests.edge.test_web import problem
from tests.support.web import HAPPY, WebBox

PASSWORD = f"{SCRYPT}$salt${'0' * 128}"


def documented(box: WebBox) -> dict[str, Any]:
    return dict(box.client.get("/api/openapi.json").get_json())


def checked(box: WebBox, path: str, route: str = "") -> Any:
    """Return what a path answers, which must keep the schema of the document."""
    document = documented(box)
    answer = box.client.get(path)
    assert answer.status_code == 200, answer.text
    operation = document["paths"][route or path.partition("?")[0]]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    validator = jsonschema.Draft202012Validator(
        {**schema, "components": document["components"]},
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )
    validator.validate(answer.get_json())
    return answer.get_json()


@pytest.mark.parametrize("login", [{}, {"username": "me", "password": PASSWORD}])
def test_the_document_tells_of_every_route_and_of_no_other(login: dict[str, str]) -> None:
    box = WebBox(web=login)
    served = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower())
        for rule in box.app.url_map.iter_rules()
        if rule.endpoint != "static"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    document = documented(box) if not login else _document_behind_login(box)
    told = {(path, method) for path, what in document["paths"].items() for method in what}
    assert told == served
    assert set(document["components"]["securitySchemes"]) == (
        {"basic", "session"} if login else set()
    )


def _document_behind_login(box: WebBox) -> dict[str, Any]:
    assert box.client.get("/api/openapi.json").status_code == 401
    return describe_api(box.config)


def test_a_document_of_a_box_with_a_token_says_so() -> None:
    box = WebBox(web={"token": f"sha256:{'0' * 64}"})
    document = describe_api(box.config)
    assert document["security"] == [{"bearer": []}]
    assert document["paths"]["/healthz"]["get"]["security"] == []


def test_what_a_login_is_refused_with_is_as_the_document_says() -> None:
    box = WebBox(web={"username": "me", "password": PASSWORD})
    responses = describe_api(box.config)["paths"]["/login"]["post"]["responses"]
    wrong = box.client.post("/login", data={"username": "me", "password": "x"})
    large = box.client.post("/login", data={"username": "me", "password": "x" * 20_000})
    for answer in (wrong, large):
        assert list(responses[str(answer.status_code)]["content"]) == [answer.mimetype]
    assert (wrong.status_code, large.status_code) == (401, 413)


def test_answers_keep_the_document() -> None:
    box = WebBox(node="shop", cameras={"door": {"source": "demo"}, "yard": {"source": "demo"}})
    box.show("door", 2)
    box.happen("door")
    assert checked(box, "/api/version")["node"] == "shop"
    state = checked(box, "/api/state")
    assert state["broker"] == {"name": "127.0.0.1:1883", "connected": True}
    door, yard = state["cameras"]
    assert [camera["name"] for camera in checked(box, "/api/cameras")] == ["door", "yard"]
    assert [face["track"] for face in door["faces"]] == [1, 2]
    assert door["labels"] == {"happy": 2}
    assert yard["faces"] == []
    assert checked(box, "/api/cameras/yard", "/api/cameras/{name}")["name"] == "yard"
    timeline = checked(box, "/api/cameras/door/timeline", "/api/cameras/{name}/timeline")
    assert len(timeline["seconds"]) == 120
    assert {len(row) for row in timeline["seconds"]} == {len(timeline["labels"])} == {8}
    assert len(checked(box, "/api/events/history")["events"]) == 1
    assert checked(box, "/api/config")["node"] == "shop"


def test_emotions_stand_in_the_order_of_fer_2013() -> None:
    box = WebBox()
    box.show()
    (face,) = box.client.get("/api/cameras/door").get_json()["faces"]
    emotions = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
    assert list(face["probabilities"]) == emotions
    assert list(face["probabilities"].values()) == list(HAPPY)


@pytest.mark.parametrize(
    ("command", "paused", "detector"),
    [
        ("pause", True, True),
        ("resume", False, True),
        ("detector off", False, False),
        ("detector on", False, True),
    ],
)
def test_commands_are_obeyed(command: str, paused: bool, detector: bool) -> None:
    box = WebBox()
    answer = box.client.post("/api/cameras/door/control", json={"command": command})
    assert answer.status_code == 200
    camera = answer.get_json()
    assert (camera["paused"], camera["detector"]) == (paused, detector)
    assert box.views["door"].paused == paused


@pytest.mark.parametrize(
    "body",
    ["", "{", "null", "[]", '"pause"', "{}", '{"command": "stop"}', '{"command": ["pause"]}',
     '{"command": "pause", "more": 1}', "[" * 30_000, '{"command": "\\ud800"}'],
)  # fmt: skip
def test_what_is_no_command_is_refused(body: str) -> None:
    box = WebBox()
    for content in (body.encode(), body.encode("utf-16")):
        told = problem(
            box.client.post(
                "/api/cameras/door/control", data=content, content_type="application/json"
            ),
            422,
        )
        assert "\n" not in str(told["detail"])
    assert not box.views["door"].paused


def test_a_command_is_no_photo() -> None:
    body = b'{"command": "pause"' + b" " * 100_000 + b"}"
    path = "/api/cameras/door/control"
    problem(WebBox().client.post(path, data=body, content_type="application/json"), 413)


def test_the_configuration_is_told_without_secrets() -> None:
    box = WebBox(
        mqtt={"username": "box", "password": "mqtt-SECRET"},
        cameras={
            "door": {"source": "rtsp://admin:url-SECRET@10.0.0.5:554/live?token=query-SECRET"},
            "yard": {
                "source": "http://10.0.0.6/video/path-SECRET",
                "username": "viewer",
                "password": "camera-SECRET",
            },
        },
    )
    told = box.client.get("/api/config").get_json()
    assert "SECRET" not in json.dumps(told)
    assert told["mqtt"]["password"] == told["cameras"]["yard"]["password"] == "**********"
    assert told["cameras"]["door"]["source"] == "rtsp://10.0.0.5:554"
    assert told["cameras"]["door"]["password"] is None
    assert told["detect"]["kind"] == "haar"


def test_of_the_anonymous_neither_place_nor_number_is_told() -> None:
    box = WebBox(privacy={"mode": "anonymous"})
    box.show(faces=2)
    box.happen()
    camera = checked(box, "/api/state")["cameras"][0]
    assert [(face["track"], face["box"]) for face in camera["faces"]] == [(None, None)] * 2
    assert camera["labels"] == {"happy": 2}
    assert camera["picture"] is False
    (event,) = checked(box, "/api/events/history")["events"]
    assert event["face"]["box"] is None


def test_of_groups_only_what_they_are_is_told() -> None:
    box = WebBox(privacy={"mode": "aggregate", "min_people": 3})
    told = _telling(box.client.get("/metrics").text)
    assert len(told) > 30
    before = _but_time(checked(box, "/api/state"))
    for faces in (0, 1, 2, 1, 0):
        box.show(faces=faces)
        _let_frames_pass(box, faces)
        assert _but_time(checked(box, "/api/state")) == before
        assert _telling(box.client.get("/metrics").text) == told
    assert before["cameras"][0]["labels"] is None
    assert before["cameras"][0]["latency"] is None
    box.show(faces=3)
    camera = checked(box, "/api/cameras/door", "/api/cameras/{name}")
    assert camera["labels"] == {"happy": 3}
    assert camera["faces"] == []
    timeline = box.client.get("/api/cameras/door/timeline").get_json()
    assert not any(any(row) for row in timeline["seconds"])


def _let_frames_pass(box: WebBox, faces: int) -> None:
    """Let frames go all the way, each the later the more faces it has."""
    metrics = box.views["door"]._metrics
    for _ in range(10 + faces):
        now = time.monotonic()
        image = np.zeros((2, 2, 3), np.uint8)
        for stage in STAGES:
            metrics.worked(stage, 0.02 * faces)
        metrics.published(Frame(0, ColourPicture(image), now - 0.02 * faces, now, 0.0), now)


def _telling(metrics: str) -> list[str]:
    """Return the lines that are the same, however many frames pass and whoever is in them.

    Frames are counted by a stage, and what detection takes is the same for an empty picture.
    """
    return [
        line
        for line in metrics.splitlines()
        if line.startswith("edge_fer_")
        and not line.startswith(("edge_fer_frames_processed", "edge_fer_threads"))
        and not (line.startswith("edge_fer_stage") and re.search("capture|detect", line))
    ]


def _but_time(state: dict[str, Any]) -> dict[str, Any]:
    state["time"] = None
    for camera in state["cameras"]:
        for name in ("online", "offline_seconds"):
            camera["connection"][name] = None
    return state
