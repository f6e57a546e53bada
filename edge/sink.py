"""Where a pipeline's observations go."""

from typing import Protocol

from edge.records import Observation


class Sink(Protocol):
    """Where observations go: MQTT and the stream, or a file of JSON lines."""

    def accept(self, observation: Observation) -> None:
        """Take the next frame's observation."""
        ...

    def idle(self) -> None:
        """Do what time alone asks for; called a few times a second without a frame."""
        ...

    def close(self) -> None:
        """Finish; nothing comes any more."""
        ...
