"""Which kind of source a configuration means."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from edge.capture.source import Source
from edge.config import CameraConfig
from edge.errors import ConfigError
from edge.redact import redact

DEMO_CLIP: Final = Path(__file__).parent.parent / "demo" / "astronaut.mp4"


def make_source(camera: CameraConfig, folder: Path = Path()) -> Source:
    """Build the source that a camera's configuration names, without opening it.

    Parameters
    ----------
    camera
        Its ``source`` is ``demo``, a webcam's number or device, an ``rtsp://`` or ``http://``
        URL, a video file, or a folder of images.
    folder
        Where a relative file path starts.

    Raises
    ------
    ConfigError
        If there is no such file or folder, or no such kind of source.
    """
    from edge.capture.image_folder import ImageFolder
    from edge.capture.stream import NetworkStream
    from edge.capture.video_file import PlayedFile, VideoFile

    spec, config = camera.source, camera.capture
    device = webcam_device(spec)
    if device is not None:
        from edge.capture.webcam import Webcam

        return Webcam(device, config)
    spec = str(spec)
    if spec == "demo":
        return PlayedFile(VideoFile(DEMO_CLIP, loop=True), "demo clip")
    if spec.lower().startswith(("rtsp://", "rtsps://", "http://", "https://")):
        password = camera.password.get_secret_value() if camera.password else None
        return NetworkStream(spec, config, camera.username, password)
    if "://" in spec:
        scheme = spec.partition("://")[0]
        raise ConfigError(f"no source of kind {scheme}://: use rtsp, rtsps, http or https")
    path = folder / spec
    try:
        path = folder / Path(spec).expanduser()
        if path.is_dir():
            return ImageFolder(path)
        there = path.is_file()
    except (OSError, RuntimeError, ValueError):  # too long, no such user, no such name
        there = False
    if not there:
        raise ConfigError(f"no video at {redact(spec)}: check the path")
    clip = VideoFile(path, config.loop)
    return PlayedFile(clip, clip.description) if config.realtime else clip


def webcam_device(spec: str | int) -> str | None:
    """Return the device of a webcam's number or path; None for other sources."""
    text = str(spec)
    if text.isascii() and text.isdigit():
        return f"/dev/video{text}"
    return text if text.startswith("/dev/") else None


def refuse_no_camera_at_all(cameras: Mapping[str, CameraConfig]) -> None:
    """Refuse webcams only of which none is there: a mistake, most likely.

    Otherwise one that is not plugged in is offline, and the other cameras go on.

    Raises
    ------
    ConfigError
        If there is no camera at all.
    """
    from edge.capture.webcam import no_device

    devices = {name: webcam_device(camera.source) for name, camera in cameras.items()}
    if all(device is not None and not Path(device).exists() for device in devices.values()):
        name, device = next(iter(devices.items()))
        raise ConfigError(f"camera {name}: {no_device(device or '')}")
