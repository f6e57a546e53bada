"""The API of a running daemon: what schemathesis finds, uploads over the network, restarts."""

import http.client
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.daemon import Daemon
from tests.support.system import eventually, free_port

Start = Callable[..., Daemon]

PLAYING = {"source": "demo", "capture": {"realtime": True, "loop": True}}

SETTINGS = """
[[operations]]
include-path = "/api/predict"
# Bytes that are sent as a photo are hardly ever one, and no schema can say what makes one.
checks.positive_data_acceptance.expected-statuses = ["2xx", "404", "413", "415", "422", "429"]
"""


def ask(
    box: Daemon, method: str, path: str, body: bytes | None = None, kind: str = ""
) -> tuple[int, Any, http.client.HTTPMessage]:
    """Return status, body and headers; the body of JSON is read as that."""
    connection = http.client.HTTPConnection("127.0.0.1", box.web_port, timeout=30)
    try:
        connection.request(method, path, body, {"Content-Type": kind} if kind else {})
        answer = connection.getresponse()
        text = answer.read()
        is_json = answer.headers.get_content_type().endswith("json") and method != "HEAD"
        return answer.status, json.loads(text) if is_json else text, answer.headers
    finally:
        connection.close()


@pytest.mark.timeout(240)
def test_schemathesis_finds_neither_a_crash_nor_a_breach(daemon: Start, tmp_path: Path) -> None:
    slow = {"source": "demo", "capture": {"realtime": True, "loop": True, "fps": 3}}
    modes = {"door": "full", "yard": "anonymous", "hall": "aggregate"}
    cameras = {name: {**slow, "privacy": {"mode": mode}} for name, mode in modes.items()}
    box = daemon(cameras=cameras).ready()
    url = f"http://127.0.0.1:{box.web_port}/api/openapi.json"
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(SETTINGS)
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings), "run", url,
        # What goes on for ever; tests/edge/test_events_api.py and test_stream.py see to these.
        "--exclude-path", "/api/events", "--exclude-path", "/cameras/{name}/stream.mjpg",
        "--phases", "coverage,fuzzing", "--max-examples", "20", "--seed", "7",
        "--continue-on-failure", "--generation-database", "none", "--request-timeout", "20",
        "--no-color",
    ]  # fmt: skip
    found = subprocess.run(
        command, capture_output=True, text=True, timeout=200, cwd=tmp_path, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
    cases = re.search(r"(\d+) generated", found.stdout)
    assert cases is not None, found.stdout
    print(f"schemathesis: {cases[1]} cases")
    assert int(cases[1]) > 200
    assert box.popen.poll() is None
    assert "Traceback" not in box.text
    assert box.get("/healthz") == b"ok\n"


def test_uploads_cost_bounded_memory(daemon: Start, face_frame: NDArray[np.uint8]) -> None:
    box = daemon(cameras={"door": PLAYING}).ready()
    small = bytes(cv2.imencode(".jpg", face_frame)[1])
    # The largest that there may be, and the most costly kind of it.
    large = np.full((4330, 5770, 3), 120, np.uint8)
    large[:540, :960] = face_frame
    costly = bytes(cv2.imencode(".jpg", large, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1])

    def faces(body: bytes) -> int:
        status, told, _ = ask(box, "POST", "/api/predict", body, "image/jpeg")
        assert status == 200, told
        return len(told["faces"])

    assert faces(small) == 1
    before = box.resident_mb
    faces(costly)
    after = box.resident_mb
    for _ in range(3):
        faces(costly)
        assert ask(box, "POST", "/api/predict", costly[:-1000], "image/jpeg")[0] == 422
        assert ask(box, "POST", "/api/predict", bytes(9_999_999), "image/png")[0] == 415
    assert box.resident_mb - after < 60
    assert _peak_mb(box) - before < 400
    assert faces(small) == 1


def test_an_upload_that_is_too_large_is_not_even_read(daemon: Start) -> None:
    box = daemon(cameras={"door": PLAYING}).ready()
    with socket.create_connection(("127.0.0.1", box.web_port), timeout=20) as client:
        client.sendall(
            b"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
            b"Content-Length: 900000000\r\n\r\n"
        )
        answer = b""
        while part := client.recv(4096):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == 413


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"no http\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 300_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ],
)
def test_what_the_server_itself_refuses_is_a_problem_too(
    daemon: Start, request_: bytes, status: int
) -> None:
    box = daemon(cameras={"door": PLAYING}).ready()
    with socket.create_connection(("127.0.0.1", box.web_port), timeout=20) as client:
        threading.Thread(target=_send, args=(client, request_)).start()
        answer = b""
        while b"application/problem+json" not in answer and (part := client.recv(65536)):
            answer += part
    assert re.match(rb"HTTP/1.[01] %d " % status, answer)
    assert b"application/problem+json" in answer


def _send(client: socket.socket, content: bytes) -> None:
    with suppress(OSError):  # it hangs up before it has all
        client.sendall(content)


def test_readyz_names_the_camera_that_is_not_there(daemon: Start) -> None:
    nobody = {"source": f"rtsp://127.0.0.1:{free_port()}/clip"}
    box = daemon(cameras={"door": PLAYING, "yard": nobody}).ready()

    def missing() -> list[str] | None:
        status, told, headers = ask(box, "GET", "/readyz")
        if status != 503 or len(told["missing"]) != 1:
            return None
        assert headers["Content-Type"] == "application/problem+json"
        return list(told["missing"])

    (line,) = eventually(missing, 40, "the other camera and the broker")
    assert line.startswith("camera yard is ")
    status, told, _ = ask(
        box, "POST", "/api/cameras/yard/control", b'{"command": "pause"}', "application/json"
    )
    assert (status, told["paused"]) == (200, True)
    assert ask(box, "GET", "/readyz")[0] == 200
    assert ask(box, "HEAD", "/readyz")[:2] == (200, b"")


def test_a_listener_goes_on_after_a_restart(daemon: Start, short_clip: Path) -> None:
    clip = {"source": str(short_clip), "capture": {"realtime": True, "loop": True}}
    box = daemon(cameras={"door": clip}).ready()
    (last,) = listen(box, 1)
    box.stop()
    again = daemon(**box.config).ready()
    eventually(lambda: ask(again, "GET", "/api/events/history")[1]["events"], 40, "the first event")
    # It came while nobody listened.
    (first,) = listen(again, 1, last)
    assert int(first) > int(last)


def listen(box: Daemon, count: int, last: str = "") -> list[str]:
    """Return the ids of the next events."""
    connection = http.client.HTTPConnection("127.0.0.1", box.web_port, timeout=40)
    connection.request("GET", "/api/events", headers={"Last-Event-ID": last} if last else {})
    answer = connection.getresponse()
    found: list[str] = []
    while len(found) < count:
        line = answer.readline().decode().strip()
        if line.startswith("id: "):
            found.append(line.removeprefix("id: "))
    connection.close()
    return found


def _peak_mb(box: Daemon) -> float:
    status = Path(f"/proc/{box.popen.pid}/status").read_text()
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(peak) / 1000
