"""What a face is said to show: smoothed over time, and changed only by what holds."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.config import TrackConfig
from edge.emotions import EMOTIONS, Label
from edge.records import Reading

_LEAST_WEIGHT: Final = 0.001
"""A face that can hardly be read still counts, if there is no better one."""

_CLEARER: Final = 1.25
"""To be certain again, the quality must be better by this than where it became uncertain."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A label that gave way to another, and the seconds for which it had been shown."""

    label: Label
    duration: float


class SteadyLabel:
    """The steady label of one track.

    The probabilities are averaged with weights that halve every `half_life_seconds`, whatever the
    frame rate, and that follow how well the face can be read. Another emotion takes over when it
    leads by `margin` for `min_hold_seconds` without a break (hysteresis). A face is ``uncertain``
    while its best emotion stays below `min_confidence`, or its quality below `min_quality`; also
    when its own emotion falls below that, and no other leads by `margin`. It is certain again from
    `min_confidence` and `margin` on.

    Parameters
    ----------
    config
        The thresholds.
    """

    def __init__(self, config: TrackConfig) -> None:
        self._config = config
        self._sum = np.zeros(len(EMOTIONS))
        self._weight = 0.0
        self._quality = 0.0
        self._count = 0.0
        self._time = 0.0
        self._rival: tuple[Label, float, float] | None = None
        self.label: Label = "uncertain"
        """What the face is said to show."""
        self.since = 0.0
        """When the label began, on the source's clock; `since_wall` since the epoch."""
        self.since_wall = 0.0

    @property
    def probabilities(self) -> tuple[float, ...]:
        """The smoothed probabilities; they add up to 1. To be asked for after `read`."""
        return tuple((self._sum / self._weight).tolist())

    def settle(self, time: float, wall: float) -> None:
        """Take the label that the figures speak for at once: the face is new."""
        self.label = self._best()
        self.since, self.since_wall = time, wall
        self._rival = None

    def read(self, reading: Reading, time: float, wall: float) -> Ended | None:
        """Take the next reading; return what ended if it makes another label take over."""
        self._average(reading, time)
        challenger = self._challenger()
        if challenger == self.label:
            self._rival = None
            return None
        if self._rival is None or self._rival[0] != challenger:
            self._rival = (challenger, time, wall)
        label, began, began_wall = self._rival
        if time - began < self._config.min_hold_seconds:
            return None
        ended = Ended(self.label, max(0.0, began - self.since))
        self._rival = None
        self.label, self.since, self.since_wall = label, began, began_wall
        return ended

    def _average(self, reading: Reading, time: float) -> None:
        passed = max(0.0, time - self._time)
        kept = 0.5 ** (passed / self._config.half_life_seconds)
        weight = max(_LEAST_WEIGHT, reading.quality * reading.score)
        self._sum = kept * self._sum + weight * np.asarray(reading.probabilities)
        self._weight = kept * self._weight + weight
        self._quality = kept * self._quality + reading.quality
        self._count = kept * self._count + 1
        self._time = time

    def _best(self) -> Label:
        best = int(self._sum.argmax())
        if self._sum[best] / self._weight < self._config.min_confidence:
            return "uncertain"
        if self._quality / self._count < self._config.min_quality:
            return "uncertain"
        return EMOTIONS[best]

    def _challenger(self) -> Label:
        """Return the label that should be shown; the present one has the advantage."""
        config, best = self._config, self._best()
        if best in ("uncertain", self.label):
            return best
        lead = float(self._sum.max()) / self._weight
        if self.label == "uncertain":
            sure = lead >= min(1.0, config.min_confidence + config.margin)
            clear = self._quality / self._count >= min(1.0, _CLEARER * config.min_quality)
            return best if sure and clear else "uncertain"
        present = float(self._sum[EMOTIONS.index(self.label)]) / self._weight
        if lead - present >= config.margin:
            return best
        return self.label if present >= config.min_confidence else "uncertain"
