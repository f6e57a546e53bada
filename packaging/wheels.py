"""Look up which wheels the package index has for the boxes that edge-fer runs on.

``pip download`` is told the box's Python and every platform that its glibc can run, for one
dependency of pyproject.toml after the other. Prints the Markdown table of docs/install.md: the
newest version that has a wheel, or none.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

BOXES = {
    "arm64, 3.11": ("aarch64", "3.11", 36),
    "arm64, 3.13": ("aarch64", "3.13", 41),
    "amd64, 3.11": ("x86_64", "3.11", 36),
    "amd64, 3.13": ("x86_64", "3.13", 41),
    "armv7l, 3.11": ("armv7l", "3.11", 36),
    "armv7l, 3.13": ("armv7l", "3.13", 41),
}
"""Machine, Python and glibc 2.x: Debian and Raspberry Pi OS 12 (2.36) and 13 (2.41)."""

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def main() -> int:
    """Print the table; 1 where a box that edge-fer is made for lacks a wheel."""
    dependencies = tomllib.loads(PROJECT.read_text())["project"]["dependencies"]
    print("| wheel |", " | ".join(BOXES), "|")
    print("| --- |", " | ".join("---" for _ in BOXES), "|")
    complete = True
    for dependency in dependencies:
        requirement = dependency.partition(";")[0].strip()
        name = re.split(r"[<>=!~]", requirement)[0]
        found = [wheel(requirement, *box) for box in BOXES.values()]
        print(f"| {name} |", " | ".join(found), "|", flush=True)
        complete &= all("none" not in cell for cell in found[:4])
    return 0 if complete else 1


def wheel(requirement: str, machine: str, python: str, glibc: int) -> str:
    """Return the version of the newest wheel for a box, and for which glibc it is.

    Parameters
    ----------
    requirement
        As in pyproject.toml, without a marker.
    machine, python, glibc
        As in `BOXES`.
    """
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(glibc, 16, -1)]
    tags += [f"manylinux2014_{machine}", f"linux_{machine}"]
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--dest",
            folder,
        ]
        command += ["--only-binary=:all:", f"--python-version={python}", "--implementation=cp"]
        command += [f"--platform={tag}" for tag in tags]
        done = subprocess.run(  # noqa: S603 - pip itself, on our own list
            [*command, requirement], capture_output=True, text=True, timeout=300, check=False
        )
        files = list(Path(folder).iterdir())
    if done.returncode:
        if "No matching distribution" not in done.stderr:
            sys.exit(
                f"error: pip cannot say whether there is a wheel of {requirement}: {done.stderr}"
            )
        return "none"
    (file,) = files
    _, version, *_, tag = file.stem.split("-")
    if tag == "any":
        return version
    lowest = min(int(minor) for minor in re.findall(r"manylinux_2_(\d+)", tag) or ["17"])
    return f"{version}, glibc 2.{lowest}"


if __name__ == "__main__":
    sys.exit(main())
