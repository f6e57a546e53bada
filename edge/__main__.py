"""``python -m edge``, the same as ``edge-fer``."""

from edge.cli import main

main(prog_name="edge-fer")
