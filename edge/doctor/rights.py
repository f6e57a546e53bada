"""What to do about a device that whoever looks may not open."""

import os


def is_root() -> bool:
    """Return whether nobody is there who could see more."""
    return os.geteuid() == 0


def to_open(group: str) -> str:
    """Give the advice for a device of a group.

    The service's own user is there only while it runs, and joins its groups by the unit.
    """
    if is_root():
        return "a container is handed it with --device; for a unit docs/service.md has the drop-in"
    return f"look as root: sudo edge-fer doctor; started by hand: usermod -aG {group} USER"
