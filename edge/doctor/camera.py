"""The configured cameras, and the webcams that are there."""

import errno
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from edge.capture import make_source
from edge.capture.factory import webcam_device
from edge.capture.webcam import no_device
from edge.config import CameraConfig, Config
from edge.doctor.finding import Check, Finding, error, good, warning
from edge.doctor.rights import is_root, to_open
from edge.doctor.v4l2 import query

_ANSWER_SECONDS: Final = 5.0
"""For each of connecting, finding the video, and the first picture."""

_ADVICE: Final = "is it on, and are address, path and login right? VLC and ffplay take the same URL"
_DENIED: Final = {errno.EACCES, errno.EPERM}


def checks(config: Config | None) -> Iterator[Check]:
    """Give what to look at."""
    yield Check("webcams", lambda _: webcams(Path("/dev")))
    for name, camera in {} if config is None else config.cameras.items():
        folder = Path() if config is None else config.folder
        yield Check(f"camera {name}", _look(camera, folder), 4 * _ANSWER_SECONDS, _ADVICE)


def webcams(folder: Path) -> Iterator[Finding]:
    """Give the webcams below a folder, whether they are configured or not."""
    found = 0
    for path in sorted(folder.glob("video[0-9]*")):
        for finding in webcam(path):
            found += 1
            yield finding
    if not found:
        yield good("none on this box")


def webcam(path: Path) -> Iterator[Finding]:
    """Tell what a device is; nothing of one that gives no pictures."""
    try:
        device = query(path)
    except OSError as fault:
        if fault.errno in _DENIED:
            yield warning(f"{path}: no right to open it", to_open("video"))
        elif fault.errno != errno.ENOTTY:  # a node of something else
            yield warning(f"{path}: {fault.strerror}", "unplug it, and plug it in again")
        return
    if device.gives_pictures:
        formats = ", ".join(device.formats) or "formats unknown"
        yield good(f"{path}: {device.name or 'without a name'} ({formats})")


def _look(camera: CameraConfig, folder: Path) -> Callable[[threading.Event], Iterator[Finding]]:
    def look(_: threading.Event) -> Iterator[Finding]:
        device = webcam_device(camera.source)
        if device is not None:
            yield from _configured_webcam(Path(device), camera.capture.fourcc)
        elif "://" in str(camera.source):
            yield _answer(camera, folder)
        else:
            yield good(make_source(camera, folder).description)

    return look


def _configured_webcam(path: Path, fourcc: str | None) -> Iterator[Finding]:
    if not path.exists():
        yield error(no_device(str(path)), "plug it in, or set its source to one that is there")
        return
    try:
        device = query(path)
    except OSError as fault:
        if fault.errno in _DENIED:
            found = error if is_root() else warning  # the service may be let in all the same
            yield found(f"{path}: no right to open it", to_open("video"))
        else:
            yield error(f"{path}: {fault.strerror}", "is it a webcam? see the webcams above")
        return
    told = f"{path}: {device.name or 'without a name'}"
    if not device.gives_pictures:
        yield error(f"{told} gives no pictures", "take another node of it: see the webcams above")
    elif fourcc is not None and device.formats and fourcc not in device.formats:
        there = ", ".join(device.formats)
        yield warning(f"{told} has no {fourcc}", f"set capture.fourcc to one of {there}")
    else:
        yield good(told)


def _answer(camera: CameraConfig, folder: Path) -> Finding:
    """Open a camera on the network as the daemon does, and wait for its first picture."""
    limit = min(camera.capture.stall_seconds, _ANSWER_SECONDS)
    capture = camera.capture.model_copy(update={"stall_seconds": limit})
    source = make_source(camera.model_copy(update={"capture": capture}), folder)
    start = time.monotonic()
    try:
        source.open()
        source.grab()
        picture = source.retrieve()
    finally:
        source.close()
    took = time.monotonic() - start
    if picture is None:
        return warning(f"{source.description}: its first picture is damaged", _ADVICE)
    width, height = picture.size
    return good(f"{source.description} answers: {width} x {height}, after {took:.1f} s")
