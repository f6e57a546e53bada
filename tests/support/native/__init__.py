"""Shared libraries that the tests compile: a delegate, and Vulkan drivers that misbehave."""

import json
import subprocess
from pathlib import Path

from tests.support.system import missing, program

SOURCES = Path(__file__).parent
SWIFTSHADER = Path("/usr/lib/chromium/vk_swiftshader_icd.json")


def _driver(manifest: Path) -> dict[str, str]:
    """Return the environment in which Vulkan has only this driver, by its old and new name."""
    return {"VK_ICD_FILENAMES": str(manifest), "VK_DRIVER_FILES": str(manifest)}


NO_VULKAN = _driver(Path("/nonexistent"))


def library(folder: Path, source: str, *flags: str) -> Path:
    """Compile one of the C files beside this one."""
    path = folder / f"lib{Path(source).stem}.so"
    command = [program("gcc"), "-shared", "-fPIC", *flags, "-o", str(path), str(SOURCES / source)]
    subprocess.run(command, check=True, timeout=60)
    return path


def software_gpu() -> dict[str, str]:
    """Return the environment in which Vulkan has SwiftShader, a GPU in software."""
    if not SWIFTSHADER.is_file():
        missing("SwiftShader (make debian-packages)")
    return _driver(SWIFTSHADER)


def broken_driver(folder: Path, *flags: str) -> dict[str, str]:
    """Return the environment in which Vulkan has a driver that crashes or hangs."""
    icd = {"library_path": str(library(folder, "driver.c", *flags)), "api_version": "1.3.0"}
    manifest = folder / "driver.json"
    manifest.write_text(json.dumps({"file_format_version": "1.0.0", "ICD": icd}))
    return _driver(manifest)
