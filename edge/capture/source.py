"""What every kind of source shares."""

from typing import Protocol

from edge.errors import EdgeFerError
from edge.records import Picture


class SourceError(EdgeFerError):
    """The source cannot be opened, gives no more, or its video is damaged."""


class EndOfVideo(Exception):
    """The source has given its last frame, as it should."""


class Source(Protocol):
    """A camera or a clip, opened once and read by one thread to its end or failure."""

    description: str
    """What to call it in logs: no password in it."""

    live: bool
    """A camera that does not wait: frames too many are dropped, a failure means reconnect."""

    @property
    def damaged(self) -> int:
        """Pictures so far that came too damaged to be shown."""
        ...

    def open(self) -> None:
        """Connect, within the source's time limit.

        Raises
        ------
        SourceError
            If there is no video; says why, as far as that can be known.
        """
        ...

    def grab(self) -> float | None:
        """Wait for the next picture, within the source's time limit; decode no more than needed.

        Returns
        -------
        float or None
            Its place in the clip in seconds, None for a camera.

        Raises
        ------
        EndOfVideo
            After the last picture of a clip.
        SourceError
            If the camera gives no more, or the clip is damaged.
        """
        ...

    def retrieve(self) -> Picture | None:
        """Return the grabbed picture, None if it is damaged; not called for those skipped."""
        ...

    def close(self) -> None:
        """Let go of the camera or file; harmless when it is not open."""
        ...
