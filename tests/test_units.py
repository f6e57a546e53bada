"""The units for systemd: right, closed enough, and no more closed than what runs in them bears."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge import supervisor
from tests.support.system import REPOSITORY, missing, program, tflite_runtime

UNITS = REPOSITORY / "systemd"
ONE = UNITS / "edge-fer.service"
EACH = UNITS / "edge-fer@.service"

_WRITE_OR_EXECUTE = """
import ctypes, mmap, sys
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1  # as MemoryDenyWriteExecute=, of the kernel's own
if ctypes.CDLL(None).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0):
    sys.exit(77)
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
except PermissionError:
    from edge.cli import main
    main()
"""


def settings(unit: Path) -> list[str]:
    """Return the lines of a unit but for comments."""
    return [line for line in unit.read_text().splitlines() if line and not line.startswith("#")]


def value(key: str, unit: Path = ONE) -> str:
    """Return one setting."""
    (line,) = (line for line in settings(unit) if line.startswith(f"{key}="))
    return line.partition("=")[2]


@pytest.mark.parametrize("unit", [ONE, EACH])
def test_systemd_finds_nothing_wrong_with_it(unit: Path, tmp_path: Path) -> None:
    """Also not what a newer systemd has and Debian 12's, 252, has not."""
    text = unit.read_text().replace("/opt/edge-fer/venv/bin/edge-fer", "/bin/true")
    copy = tmp_path / unit.name.replace("@", "@door")
    copy.write_text(text)
    command = [program("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no", str(copy)]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", [ONE, EACH])
def test_little_is_left_open(unit: Path) -> None:
    """On systemd's scale from 0 to 10, 1.5 at most: a camera's daemon talks to the network."""
    command = [program("systemd-analyze"), "security", "--offline=true", "--threshold=15"]
    found = subprocess.run([*command, str(unit)], capture_output=True, text=True, check=False)
    print(found.stdout.splitlines()[-1])
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_process_for_each_camera_is_closed_as_the_one_for_all() -> None:
    own = ("Description=", "ExecStart=", "StateDirectory=", "User=")
    one, each = ([s for s in settings(unit) if not s.startswith(own)] for unit in (ONE, EACH))
    assert one == each
    assert value("ExecStart", EACH) == value("ExecStart").replace("config.yaml", "%i.yaml")


def test_the_watchdog_leaves_the_supervisor_its_time() -> None:
    """It goes hungry after half of it, and then a pipeline that hangs must have begun anew."""
    assert int(value("WatchdogSec").removesuffix("s")) / 2 >= supervisor._STUCK_SECONDS


@pytest.mark.parametrize(
    ("runtime", "detector"), [("litert", "haar"), ("litert", "dlib"), ("tflite-runtime", "haar")]
)
def test_no_runtime_needs_memory_to_write_and_execute(
    runtime: str, detector: str, tmp_path: Path, face_frame: NDArray[np.uint8]
) -> None:
    photo = tmp_path / "face.png"
    cv2.imwrite(str(photo), face_frame)
    python = sys.executable if runtime == "litert" else str(tflite_runtime())
    options = ["--runtime", runtime, "--detector", detector]
    found = subprocess.run(
        [python, "-c", _WRITE_OR_EXECUTE, "image", str(photo), *options],
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    if found.returncode == 77:
        missing("PR_SET_MDWE (Linux 6.3)")
    assert found.returncode == 0, found.stderr
    assert "happy" in found.stdout
