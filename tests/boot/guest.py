"""Runs inside the booted system, as its service boot-check: tries everything, and tells of it.

Nothing but Python's own library: it is the system's Python, not edge-fer's.
"""

import json
import os
import signal
import subprocess
import time
import traceback
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONFIG = Path("/etc/edge-fer/config.yaml")
DROP_IN = Path("/etc/systemd/system/edge-fer.service.d/check.conf")
PATCH = Path("/opt/check")
PATIENCE = 300.0
SLOW = {"capture": {"fps": 0.5}, "detect": {"width": 160}}
"""The processor is emulated."""

HANGS = """
import os, time
import edge.detect.scanner as scanner
before = scanner.Scanner.scan
def scan(self, frame):
    while os.path.exists("/opt/check/hang"):
        time.sleep(1)
    return before(self, frame)
scanner.Scanner.scan = scan
"""


def tell(what: str, **found: Any) -> None:
    """Say a finding, one line of JSON."""
    print("BOOT " + json.dumps({"check": what, **found}), flush=True)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)


def show(*properties: str) -> dict[str, str]:
    """Return properties of the unit."""
    names = [f"--property={name}" for name in properties]
    lines = run("systemctl", "show", "edge-fer", *names).stdout.splitlines()
    return dict(line.partition("=")[::2] for line in lines)


def until(probe: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Wait until `probe` gives something true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := probe():
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what} did not happen in {seconds:.0f} s")


def cameras() -> dict[str, dict[str, Any]]:
    """Return what the page shows."""
    try:
        with urllib.request.urlopen("http://127.0.0.1:8080/api/cameras", timeout=20) as answer:
            return {camera["name"]: camera for camera in json.load(answer)}
    except OSError:
        return {}


def online(name: str) -> bool:
    """Return whether a camera gives frames."""
    return cameras().get(name, {}).get("status") == "online"


def journal(since: float, text: str) -> list[str]:
    """Return the lines of the unit and of systemd about it that hold `text`."""
    lines = run("journalctl", "-u", "edge-fer", "-o", "cat", f"--since=@{since:.0f}").stdout
    return [line for line in lines.splitlines() if text in line]


def configure(cameras: dict[str, Any]) -> None:
    """Write the configuration; JSON is YAML."""
    mqtt = {"username": "box", "password": "${credential:mqtt.password}"}
    config = {"node": "guest", "cameras": cameras, "mqtt": mqtt}
    CONFIG.write_text(json.dumps(config, indent=1))


def drop_in(text: str) -> None:
    """Write a drop-in, as systemctl edit does."""
    DROP_IN.parent.mkdir(exist_ok=True)
    credential = "LoadCredential=mqtt.password:/etc/edge-fer/mqtt.password"
    DROP_IN.write_text(f"[Service]\n{credential}\n{text}")
    run("systemctl", "daemon-reload")


def start() -> None:
    """Start it: active when the first camera is known."""
    began = time.monotonic()
    result = run("systemctl", "start", "edge-fer")
    found = show("ActiveState", "StatusText", "MainPID", "User")
    tell("start", seconds=round(time.monotonic() - began, 1), error=result.stderr, **found)
    status = Path(f"/proc/{found['MainPID']}/status").read_text().splitlines()
    wanted = ("Uid", "Groups", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp", "Threads", "VmRSS")
    tell("process", **dict(line.split(":\t", 1) for line in status if line.split(":")[0] in wanted))
    secret = Path("/etc/edge-fer/mqtt.password").stat()
    tell("credential", file_mode=oct(secret.st_mode & 0o777), file_owner=secret.st_uid)
    kept = Path("/var/lib/private/edge-fer").iterdir()
    tell("state", **{each.name: oct(each.stat().st_mode & 0o777) for each in kept})


def reload(given: dict[str, Any]) -> None:
    """Change the configuration rightly, and wrongly."""
    until(lambda: online("hall"), "hall online")
    if "webcam" in given:
        until(lambda: online("webcam"), "webcam online")
    tell("cameras", **{n: {"status": c["status"], "fps": c["fps"]} for n, c in cameras().items()})
    before, pid, began = cameras()["hall"]["connection"]["since"], show("MainPID"), time.time()
    configure({**given, "door": SLOW | {"source": "demo"}})
    code = run("systemctl", "reload", "edge-fer").returncode
    until(lambda: online("door"), "door online")
    tell(
        "good reload", code=code, same_process=show("MainPID") == pid,
        said=until(lambda: journal(began, "reload:"), "the reload in the journal"),
        hall_undisturbed=cameras()["hall"]["connection"]["since"] == before, **show("StatusText"),
    )  # fmt: skip
    began = time.time()
    configure({"hall": {"source": "demo", "colour": "red"}, "door": {"sauce": "demo"}})
    code = run("systemctl", "reload", "edge-fer").returncode
    until(lambda: "refused" in show("StatusText")["StatusText"], "a refusal")
    tell(
        "bad reload", code=code, same_process=show("MainPID") == pid,
        said=until(lambda: journal(began, "reload refused"), "the refusal in the journal"),
        **show("ActiveState", "SubState", "StatusText"),
    )  # fmt: skip
    configure(given)


def watchdog() -> None:
    """Freeze the process, and then only a stage of it."""
    PATCH.mkdir(exist_ok=True)
    (PATCH / "sitecustomize.py").write_text(HANGS)
    drop_in("WatchdogSec=20s\nEnvironment=PYTHONPATH=/opt/check\n")
    run("systemctl", "restart", "edge-fer")
    for what in ("frozen process", "stuck stage"):
        until(lambda: online("hall"), "hall online")
        time.sleep(3)
        before, restarts, began = show("MainPID"), int(show("NRestarts")["NRestarts"]), time.time()
        if what == "frozen process":
            os.kill(int(before["MainPID"]), signal.SIGSTOP)
        else:
            (PATCH / "hang").touch()
        until(lambda n=restarts: int(show("NRestarts")["NRestarts"]) > n, "a restart")
        after = time.time() - began
        (PATCH / "hang").unlink(missing_ok=True)
        until(lambda: online("hall"), "hall online again")
        tell(
            what, restarted_after=round(after, 1), online_after=round(time.time() - began, 1),
            said=journal(began, "atchdog") + journal(began, "Scheduled restart"),
            where=journal(began, "in scan")[:1],
            **show("NRestarts", "ActiveState"),
        )  # fmt: skip


def stop() -> None:
    """Stop it."""
    began = time.monotonic()
    code = run("systemctl", "stop", "edge-fer").returncode
    seconds = round(time.monotonic() - began, 2)
    tell("stop", code=code, seconds=seconds, **show("ActiveState", "Result", "ExecMainStatus"))


def wrong() -> None:
    """Start it on a wrong configuration: it must not be tried again."""
    CONFIG.write_text("cameras: {hall: {sauce: demo}}\n")
    began = time.time()
    run("systemctl", "start", "edge-fer")
    time.sleep(15)
    found = show("ActiveState", "Result", "ExecMainStatus", "NRestarts")
    tell("wrong configuration", said=journal(began, "error:"), **found)


def main() -> None:
    """Do all of it, and end the system."""
    try:
        given: dict[str, Any] = {"hall": SLOW | {"source": "demo"}}
        if run("modprobe", "vivid", "n_devs=1").returncode == 0 and Path("/dev/video0").exists():
            given["webcam"] = SLOW | {"source": "/dev/video0"}
            driver = run("v4l2-ctl", "--device=/dev/video0", "--info").stdout.splitlines()[1]
            tell("webcam", driver=driver.split()[-1], group=Path("/dev/video0").group())
        Path("/etc/edge-fer/mqtt.password").write_text("secret\n")
        Path("/etc/edge-fer/mqtt.password").chmod(0o600)
        configure(given)
        drop_in("")
        start()
        reload(given)
        watchdog()
        stop()
        wrong()
        tell("end")
    except Exception:  # noqa: BLE001 - whatever it is must be told, and the system must end
        tell("failed", why=traceback.format_exc())
    print(run("journalctl", "-u", "edge-fer", "-o", "short-precise").stdout, flush=True)
    os.sync()
    run("systemctl", "poweroff", "--force", "--force")


if __name__ == "__main__":
    main()
