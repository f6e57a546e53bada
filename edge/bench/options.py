"""What is measured, and the configuration that the daemon gets for it."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from edge.classify.model import find_model

_FASTEST_HZ: Final = 60
"""The most that `publish.rate_hz` takes: as many messages as there may be carry a time."""


@dataclass(frozen=True)
class Options:
    """What is measured; two runs may be compared if all of it is the same.

    Attributes
    ----------
    live
        Whether the clip is played at its own speed, as by a camera, and not as fast as it goes.
    """

    detector: str
    width: int | None
    model: str
    runtime: str
    delegate: str
    cameras: int
    viewers: int
    live: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The cameras."""
        return tuple(f"camera-{number + 1}" for number in range(self.cameras))

    @property
    def comparable(self) -> bool:
        """Whether another program does the same work: one clip as fast as it goes, and encoded."""
        return not self.live and self.cameras == 1 and self.viewers > 0

    def describe(self) -> dict[str, Any]:
        """Return the JSON of it."""
        return asdict(self)

    def config(self, source: str, mqtt_port: int, web_port: int) -> dict[str, Any]:
        """Return a ``config.yaml`` for a clip or camera; the rest is the daemon's own default.

        Raises
        ------
        ConfigError
            If there is no such model.
        """
        model = str(find_model(self.model).resolve())
        return {
            "node": "bench",
            "cameras": {name: {"source": source} for name in self.names},
            "capture": {"loop": True, "realtime": self.live},
            "detect": {"kind": self.detector, "width": self.width},
            "classify": {"model": model, "runtime": self.runtime, "delegate": self.delegate},
            "publish": {"rate_hz": _FASTEST_HZ},
            "mqtt": {"port": mqtt_port},
            "web": {"port": web_port, "max_viewers": max(1, self.viewers)},
        }
