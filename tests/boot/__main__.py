"""Boots a Debian with edge-fer in QEMU, and tries the unit on its systemd. As root::

    python -m tests.boot --out boot edge-fer_0.1.0_amd64.deb

Needs debootstrap and qemu-system-x86, a network for the first of them, and a quarter of an hour:
the processor is emulated, so that it runs anywhere. The kernel's vivid stands for a webcam.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

PACKAGES = (
    "systemd", "systemd-sysv", "udev", "dbus", "kmod", "procps", "python3", "ca-certificates",
    "v4l-utils", "linux-image-amd64",
)  # fmt: skip
STOP_SECONDS = 5
UNIT = """\
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/usr/bin/python3 /opt/boot-check.py
StandardOutput=append:/dev/ttyS1
StandardError=inherit
TimeoutStartSec=infinity
"""


def main() -> int:
    """Build the system, boot it, and judge what it tells."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=Path("boot"), help="where everything goes")
    parser.add_argument("--suite", default="bookworm", help="of Debian")
    parser.add_argument("package", type=Path, help="the .deb")
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    root = options.out / options.suite
    if not (root / "etc/debian_version").exists():
        included = f"--include={','.join(PACKAGES)}"
        call("debootstrap", "--variant=minbase", included, options.suite, root)
    install(root, options.package)
    image = options.out / "disk.img"
    image.unlink(missing_ok=True)
    call("mke2fs", "-q", "-t", "ext4", "-d", root, image, "4G")
    told = boot(root, image, options.out)
    return judge(told)


def install(root: Path, package: Path) -> None:
    """Install the package as apt does, and what tries it."""
    shutil.copy(package, root / "tmp/edge-fer.deb")
    call("chroot", root, "apt-get", "install", "--yes", "--quiet", "/tmp/edge-fer.deb")
    shutil.copy(Path(__file__).with_name("guest.py"), root / "opt/boot-check.py")
    unit = root / "etc/systemd/system/boot-check.service"
    unit.write_text(UNIT)
    wants = unit.with_name("graphical.target.wants")
    wants.mkdir(exist_ok=True)
    (wants / unit.name).unlink(missing_ok=True)
    (wants / unit.name).symlink_to(f"../{unit.name}")


def boot(root: Path, image: Path, out: Path) -> list[dict[str, Any]]:
    """Run the system until it ends, and return what it told."""
    kernel = max((root / "boot").glob("vmlinuz-*"))
    initrd = kernel.with_name(kernel.name.replace("vmlinuz", "initrd.img"))
    checks = out / "checks.log"
    checks.unlink(missing_ok=True)
    call(
        "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2",
        "-m", "2048", "-nic", "none", "-display", "none", "-no-reboot",
        "-drive", f"file={image},format=raw,if=virtio,cache=unsafe",
        "-kernel", kernel, "-initrd", initrd,
        "-append", "root=/dev/vda rw console=ttyS0 systemd.default_timeout_start_sec=600 panic=1",
        "-serial", f"file:{out / 'console.log'}", "-serial", f"file:{checks}",
    )  # fmt: skip
    lines = checks.read_text(errors="replace").splitlines()
    return [json.loads(line.removeprefix("BOOT ")) for line in lines if line.startswith("BOOT ")]


def judge(told: list[dict[str, Any]]) -> int:
    """Say what was found, and return 1 where it is not as it should be."""
    wanted = {
        "start": {"ActiveState": "active", "error": ""},
        "process": {"CapEff": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2"},
        "good reload": {"code": 0, "same_process": True, "hall_undisturbed": True},
        "bad reload": {"same_process": True, "ActiveState": "active", "SubState": "running"},
        "frozen process": {"NRestarts": "1"},
        "stuck stage": {"NRestarts": "2"},
        "stop": {"code": 0, "Result": "success", "ExecMainStatus": "0"},
        "wrong configuration": {"ExecMainStatus": "2", "NRestarts": "0", "ActiveState": "failed"},
        "end": {},
    }
    found = {each["check"]: each for each in told}
    for each in told:
        print(json.dumps(each))
    wrong = [
        f"{name}: {key} is {found.get(name, {}).get(key)}, not {value}"
        for name, values in wanted.items()
        for key, value in values.items()
        if found.get(name, {}).get(key) != value
    ]
    if found.get("stop", {}).get("seconds", 0) >= STOP_SECONDS:
        wrong.append(f"stop: took {found['stop']['seconds']} s")
    wrong += [f"{name}: not reached" for name in wanted if name not in found]
    print("\n".join(wrong) or "all as it should be")
    return int(bool(wrong))


def call(*command: str | Path) -> None:
    """Run a command; it says itself what is wrong."""
    print("+", *command, file=sys.stderr)
    subprocess.run([str(part) for part in command], check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
