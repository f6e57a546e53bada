"""What the daemon's package imports."""

import ast
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


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
