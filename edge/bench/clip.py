"""The clip that everybody plays."""

from dataclasses import dataclass
from pathlib import Path

from edge.capture.source import SourceError
from edge.capture.video_file import VideoFile
from edge.errors import ConfigError


@dataclass(frozen=True)
class Clip:
    """A video, as far as the figures depend on it.

    Attributes
    ----------
    path
        Absolute.
    size
        Width and height in pixels.
    fps
        Frames a second that it was recorded at.
    frames
        As many as the container announces; 0 if none.
    """

    path: Path
    size: tuple[int, int]
    fps: float
    frames: int

    def describe(self) -> dict[str, object]:
        """Return the JSON of it; the name, and not where it lies."""
        return {
            "name": self.path.name,
            "bytes": self.path.stat().st_size,
            "width": self.size[0],
            "height": self.size[1],
            "fps": round(self.fps, 3),
            "frames": self.frames,
        }


def find_clip(path: Path) -> Clip:
    """Look at a clip.

    Raises
    ------
    ConfigError
        If there is none, or it is no video.
    """
    if not path.is_file():
        raise ConfigError(f"no video at {path}: check the path")
    file = VideoFile(path)
    try:
        file.open()
        file.grab()
        picture = file.retrieve()
    except SourceError as error:
        raise ConfigError(str(error)) from None
    finally:
        file.close()
    if picture is None:
        raise ConfigError(f"{path} begins with a damaged frame: choose another clip")
    return Clip(path.resolve(), picture.size, file.fps, file.frames)
