"""What every source shares, and which kind a configuration means."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from edge.config import CaptureConfig
from edge.errors import ConfigError, EdgeFerError
from edge.records import ImageArray
from edge.redact import redact


class SourceError(EdgeFerError):
    """The source cannot be opened, or its video is damaged."""


class EndOfVideo(Exception):
    """The source has given its last frame, as it should."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture and its place in the clip in seconds, None for a camera."""

    image: ImageArray
    position: float | None


class Source(Protocol):
    """A camera or a clip. Used by one thread; `close` may be followed by `open`."""

    description: str
    """What to call it in logs: no password in it."""

    live: bool
    """A camera that does not wait: frames too many are dropped, a failure means reconnect."""

    def open(self) -> None:
        """Connect, within the source's time limit.

        Raises
        ------
        SourceError
            If there is no video.
        """
        ...

    def read(self) -> Picture:
        """Return the next picture, or wait for it within the source's time limit.

        Raises
        ------
        EndOfVideo
            After the last frame of a clip.
        SourceError
            If the camera gives no more, or the clip is damaged.
        """
        ...

    def close(self) -> None:
        """Let go of the camera or file; harmless when it is not open."""
        ...


DEMO_CLIP: Final = Path(__file__).parent.parent / "demo" / "astronaut.mp4"


def make_source(spec: str | int, config: CaptureConfig, folder: Path = Path()) -> Source:
    """Build the source that `spec` names, without opening it.

    Parameters
    ----------
    spec
        ``demo``, a webcam's number or device, an ``rtsp://`` or ``http://`` URL, or a file.
    folder
        Where a relative file path starts.

    Raises
    ------
    ConfigError
        If there is no such file or device, or no such kind of source.
    """
    from edge.capture.network import NetworkStream
    from edge.capture.video_file import DemoClip, VideoFile
    from edge.capture.webcam import Webcam

    if isinstance(spec, int):
        return Webcam(f"/dev/video{spec}", config)
    if spec == "demo":
        return DemoClip(DEMO_CLIP)
    if spec.isascii() and spec.isdigit():
        return Webcam(f"/dev/video{spec}", config)
    if spec.startswith("/dev/"):
        return Webcam(spec, config)
    if spec.lower().startswith(("rtsp://", "rtsps://", "http://", "https://")):
        return NetworkStream(spec, config)
    if "://" in spec:
        scheme = spec.partition("://")[0]
        raise ConfigError(f"no source of kind {scheme}://: use rtsp, rtsps, http or https")
    try:
        path = folder / Path(spec).expanduser()
        there = path.is_file()
    except (OSError, RuntimeError, ValueError):  # too long, no such user, no such name
        there = False
    if not there:
        raise ConfigError(f"no video at {redact(spec)}: check the path")
    return VideoFile(path)
