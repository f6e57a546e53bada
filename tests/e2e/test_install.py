"""Sdist and wheel; `make install` and all that follows, below a DESTDIR, without network."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support.system import REPOSITORY, missing

TREE = {
    ".ci", "convert", "dashboards", "docs", "edge", "edge_fer.egg-info", "examples", "packaging",
    "systemd", "tests", "training",
}  # fmt: skip
FILES = {
    ".gitignore", "LICENSE", "MANIFEST.in", "Makefile", "PKG-INFO", "README.md", "config.yaml",
    "config.schema.json", "pyproject.toml", "setup.cfg",
}  # fmt: skip
DATA = {
    "edge/demo/astronaut.mp4",
    "edge/models/fer-edge-votes-int8.tflite",
    "edge/models/fer-edge-votes-int8.json",
    "edge/publish/schemas/event.json",
    "edge/web/static/page.js",
    "edge/web/static/icon.svg",
    "edge/web/templates/index.html",
    "training/recipes/best.yaml",
}

STAND_IN = """
import os, sys
def main():
    if sys.argv[1:2] == ["check"] and "colour" in open(sys.argv[3]).read():
        folders = os.environ["CREDENTIALS_DIRECTORY"], os.environ["STATE_DIRECTORY"]
        sys.exit("error: unknown key colour: %s, %s\\nerror: another" % folders)
    print("runs")
"""
"""What is installed in place of edge-fer."""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `make dist` fills."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if uv is None:
        missing("uv (make test)")
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [REPOSITORY / "packaging/dist.sh", folder],
        env={**os.environ, "UV": str(uv)}, check=True, timeout=110,
    )  # fmt: skip
    return folder


@pytest.fixture
def box(tmp_path: Path) -> "Box":
    """An empty DESTDIR."""
    return Box(tmp_path)


class Box:
    """A root file system below a folder, to which make installs."""

    config = Path("etc/edge-fer/config.yaml")
    venv = Path("opt/edge-fer/venv")

    def __init__(self, folder: Path) -> None:
        self.root = folder / "box"
        self._wheel = folder / "edge_fer_stand_in-1.0-py3-none-any.whl"
        with zipfile.ZipFile(self._wheel, "w") as wheel:
            info = "edge_fer_stand_in-1.0.dist-info"
            wheel.writestr("stand_in.py", STAND_IN)
            wheel.writestr(
                f"{info}/METADATA", "Metadata-Version: 2.1\nName: edge-fer-stand-in\nVersion: 1.0\n"
            )
            wheel.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            wheel.writestr(
                f"{info}/entry_points.txt", "[console_scripts]\nedge-fer = stand_in:main\n"
            )
            wheel.writestr(f"{info}/RECORD", "")

    def make(self, target: str, tree: Path = REPOSITORY, **env: str) -> tuple[int, str]:
        """Run a target of the Makefile; return its exit code and what it said."""
        done = subprocess.run(
            ["make", "--silent", "-C", tree, target, f"DESTDIR={self.root}"],
            env={
                **os.environ, "PYTHON": "/usr/bin/python3", "WHEEL": str(self._wheel),
                "PIP_NO_INDEX": "1", **env,
            },
            capture_output=True, text=True, timeout=110, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def files(self) -> set[str]:
        """Return what is there, leaving out what is in the environment."""
        found = {p.relative_to(self.root) for p in self.root.rglob("*") if not p.is_dir()}
        return {str(p) for p in found if not p.is_relative_to(self.venv)}


def test_the_sdist_is_the_tree_and_nothing_else(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    assert {name.partition("/")[0] for name in names} == TREE | FILES
    assert names >= DATA | {"systemd/edge-fer.service", "packaging/debian/rules", ".ci/run"}
    assert not [name for name in names if "__pycache__" in name or "/.venv" in name]


def test_the_wheel_holds_the_packages_and_their_data(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "edge",
        "training",
        "convert",
    }
    assert names >= DATA
    kinds = {Path(name).suffix for name in names if name.startswith("edge/")}
    assert kinds == {".py", ".mp4", ".tflite", ".json", ".js", ".css", ".svg", ".html"}


def test_dist_leaves_the_tree_as_it_was(dist: Path) -> None:
    assert {path.suffix for path in dist.iterdir()} == {".gz", ".whl"}
    assert not (REPOSITORY / "build/lib").exists()


def test_install_upgrade_uninstall_and_purge_leave_what_they_say(box: Box) -> None:
    assert box.make("install")[0] == 0
    installed = {
        "etc/edge-fer/config.schema.json",
        "etc/edge-fer/config.yaml",
        "etc/edge-fer/config.yaml.default",
        "usr/local/bin/edge-fer",
        "usr/local/lib/systemd/system/edge-fer.service",
        "usr/local/lib/systemd/system/edge-fer@.service",
    }
    assert box.files() == installed
    assert (box.root / "usr/local/bin/edge-fer").readlink() == Path("/") / box.venv / "bin/edge-fer"
    entry = (box.root / box.venv / "bin/edge-fer").read_text()
    assert entry.startswith(f"#!/{box.venv}/bin/python\n"), "nothing of DESTDIR in it"
    done = subprocess.run(
        [box.root / box.venv / "bin/python", box.root / box.venv / "bin/edge-fer"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout == "runs\n"
    assert list((box.root / box.venv).rglob("stand_in*.pyc")), "the service cannot compile it"

    (box.root / "var/lib/edge-fer").mkdir(parents=True)
    (box.root / "var/lib/edge-fer/outbox").touch()
    (box.root / "etc/edge-fer/door").write_text("secret")
    yours = {"etc/edge-fer/door", "var/lib/edge-fer/outbox"}
    code, said = box.make("install")
    assert (code, "upgraded" in said) == (0, True)
    assert box.files() == installed | yours
    assert [path.name for path in (box.root / "opt/edge-fer").iterdir() if path.is_dir()] == [
        "venv"
    ]

    code, said = box.make("uninstall")
    assert (code, "make purge" in said) == (0, True)
    assert box.files() == {"etc/edge-fer/config.yaml", "etc/edge-fer/config.yaml.default", *yours}
    assert not (box.root / "opt/edge-fer").exists()

    assert box.make("purge")[0] == 0
    assert box.files() == set()


def test_an_edited_configuration_is_never_overwritten(box: Box, tmp_path: Path) -> None:
    default = (REPOSITORY / "config.yaml").read_text()
    newer = tmp_path / "newer"
    newer.mkdir()
    for name in ("Makefile", "config.schema.json", "packaging", "systemd"):
        (newer / name).symlink_to(REPOSITORY / name)
    (newer / "packaging").unlink()
    (newer / "packaging").mkdir()
    (newer / "packaging/install.sh").write_text((REPOSITORY / "packaging/install.sh").read_text())
    (newer / "packaging/install.sh").chmod(0o755)
    (newer / "config.yaml").write_text(default + "# A newer default.\n")
    config = box.root / box.config
    beside = config.with_name("config.yaml.new")

    box.make("install")
    assert config.read_text() == default
    code, said = box.make("install", tree=newer)
    assert config.read_text().endswith("newer default.\n"), "nobody had edited it"
    assert (code, "new default now" in said) == (0, True)
    assert "mended" not in said

    config.write_text(default.replace("box-1", "box-7") + "# No colour any more.\n")
    code, said = box.make("install")
    assert code == 0
    assert (
        "edge-fer: a service will not start until this is mended, or its unit sees to it: "
        f"unknown key colour: {box.root}/etc/edge-fer, {box.root}/var/lib/edge-fer"
    ) in said.splitlines()
    assert "diff /etc/edge-fer/config.yaml /etc/edge-fer/config.yaml.new" in said
    assert "box-7" in config.read_text()
    assert beside.read_text() == default


@pytest.mark.parametrize(
    ("before", "text"), [("0.0.9", "red"), ("0.0.9", "colour"), ("", "colour")]
)
def test_an_upgrade_of_the_package_says_that_a_configuration_does_not_fit_any_more(
    before: str, text: str, tmp_path: Path
) -> None:
    """By its own script, with other places in it."""
    script = (REPOSITORY / "packaging/debian/edge-fer.postinst").read_text()
    for place in ("/opt/edge-fer", "/etc/edge-fer", "/var/lib/edge-fer", "/run/systemd"):
        assert place in script
        script = script.replace(place, f"{tmp_path}{place}")
    binaries = tmp_path / "opt/edge-fer/venv/bin"
    binaries.mkdir(parents=True)
    (tmp_path / "etc/edge-fer").mkdir(parents=True)
    (tmp_path / "etc/edge-fer/config.yaml").write_text(text)
    for name in ("groupadd", "python3", "edge-fer"):
        (binaries / name).write_text("#!/bin/sh\n")
        (binaries / name).chmod(0o755)
    (binaries / "edge-fer").write_text(f"#!/usr/bin/python3\n{STAND_IN}\nmain()\n")
    done = subprocess.run(
        ["/bin/sh", "-c", script, "postinst", "configure", before],
        env={**os.environ, "PATH": f"{binaries}:/usr/bin:/bin"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    told = [line for line in done.stdout.splitlines() if "mended" in line]
    refused = f"unknown key colour: {tmp_path}/etc/edge-fer, {tmp_path}/var/lib/edge-fer"
    assert [line.partition("sees to it: ")[2] for line in told] == (
        [refused] if before and text == "colour" else []
    )


def test_an_installation_that_breaks_off_leaves_the_old_one(box: Box, tmp_path: Path) -> None:
    assert box.make("install")[0] == 0
    broken = tmp_path / "edge_fer-9-py3-none-any.whl"
    broken.write_bytes(b"no wheel")
    code, said = box.make("install", WHEEL=str(broken))
    assert code != 0
    assert "error: nothing was changed" in said
    assert (box.root / box.venv / "bin/edge-fer").exists()
    assert not (box.root / "opt/edge-fer/venv.new").exists()


def test_a_python_that_the_service_cannot_use_is_named(box: Box, tmp_path: Path) -> None:
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\necho /home/pi/.pyenv/versions/3.11.9\n")
    python.chmod(0o755)
    code, said = box.make("install", PYTHON=str(python))
    assert code != 0
    assert "/home/pi/.pyenv/versions/3.11.9, which the service may not read" in said
    assert "say PYTHON=/usr/bin/python3" in said
    assert not box.root.exists()


def test_a_command_of_somebody_else_is_left_alone(box: Box) -> None:
    other = box.root / "usr/local/bin/edge-fer"
    other.parent.mkdir(parents=True)
    other.write_text("mine")
    code, said = box.make("install")
    assert (code != 0, "something else" in said) == (True, True)
    box.make("uninstall")
    assert other.read_text() == "mine"
