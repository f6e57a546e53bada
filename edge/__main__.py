"""``edge-fer``, and ``python -m edge``: what comes before the imports."""

import signal
import sys


def main() -> None:
    """Run the command line."""
    command = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    if command == "run":
        # It would end us until `run` listens to it. The configuration is not read yet anyway.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    from edge.cli import main as command_line

    command_line(prog_name="edge-fer")


if __name__ == "__main__":
    main()
