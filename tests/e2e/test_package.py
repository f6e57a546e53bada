"""What is installed on a box."""

import ast
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_the_wheel_carries_what_the_daemon_needs(tmp_path: Path) -> None:
    # A copy, so that nothing that an earlier build left behind gets in.
    source = tmp_path / "source"
    compiled = shutil.ignore_patterns("__pycache__")  # others are writing there
    for name in ("edge", "training", "convert", "tests", "docs"):
        shutil.copytree(REPOSITORY / name, source / name, ignore=compiled)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(tmp_path)]
    subprocess.run([*command, str(source)], check=True, timeout=280)
    (wheel,) = tmp_path.glob("edge_fer-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "edge/models/fer-deep-int8.tflite",
        "edge/models/fer-deep-int8.json",
        "edge/demo/astronaut.mp4",
        "edge/publish/schemas/event.json",
        "edge/web/templates/index.html",
        "training/train.py",
        "convert/quantize.py",
    } <= names
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]


def test_the_daemon_needs_neither_tensorflow_nor_training() -> None:
    """Not even in a function of a module that nobody has called yet."""
    heavy = {"tensorflow", "keras", "training", "convert"}
    files = list((REPOSITORY / "edge").rglob("*.py"))
    assert len(files) > 30
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not heavy & {name.partition(".")[0] for name in names}, file
