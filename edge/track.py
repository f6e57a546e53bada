"""Which face is the same person, what it shows over time, and the events that follow."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from edge.config import TrackConfig
from edge.records import Event, Observation, Reading, Track

_SAME_FACE = 0.25
"""Intersection over union of two boxes from which they may be the same face."""


class Tracker:
    """Follows faces from frame to frame by the overlap of their boxes.

    Pairs are taken greedily, the greatest overlap first, as in the IOU tracker of Bochinski,
    Eiselein and Sikora (AVSS 2017). A track's probabilities are an exponential moving average by
    time, so that its label does not flicker with single frames.

    Parameters
    ----------
    config
        When a face is lost, and how fast labels follow.
    numbers
        Where a new face gets its number from; 1, 2, 3... where none is given.
    """

    def __init__(self, config: TrackConfig, numbers: Iterator[int] | None = None) -> None:
        self._config = config
        self._numbers = numbers or count(1)
        self._tracks: list[Track] = []

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The announced faces that are present or not yet given up."""
        return tuple(track for track in self._tracks if self._announced(track))

    def update(self, observation: Observation) -> tuple[Event, ...]:
        """Take in a frame's readings; return what changed, was lost and appeared."""
        now = observation.frame.time
        pairs = sorted(
            (
                (track.reading.box.overlap(reading.box), number, place)
                for number, track in enumerate(self._tracks)
                for place, reading in enumerate(observation.readings)
            ),
            reverse=True,
        )
        followed: dict[int, int] = {}
        for overlap, number, place in pairs:
            if overlap >= _SAME_FACE and number not in followed and place not in followed.values():
                followed[number] = place
        events: list[Event] = []
        for number, place in followed.items():
            before = self._tracks[number]
            after = self._follow(before, observation.readings[place], now)
            self._tracks[number] = after
            if not self._announced(before):
                if self._announced(after):
                    events.append(Event("appeared", after, None, 0.0))
            elif after.reading.label != before.reading.label:
                events.append(Event("changed", after, before.reading.label, now - before.since))
        events += self.expire(now)
        for place, reading in enumerate(observation.readings):
            if place not in followed.values():
                track = Track(next(self._numbers), reading, now, now, now)
                self._tracks.append(track)
                if self._announced(track):
                    events.append(Event("appeared", track, None, 0.0))
        return tuple(events)

    def expire(self, now: float) -> tuple[Event, ...]:
        """Give up the faces unseen for `lost_seconds`; return a `lost` event for each.

        A clock that jumps back, as a clip's may, is a gap too.
        """
        lost = [t for t in self._tracks if abs(now - t.last_seen) > self._config.lost_seconds]
        self._tracks = [t for t in self._tracks if t not in lost]
        return tuple(
            Event("lost", track, track.reading.label, track.last_seen - track.since)
            for track in lost
            if self._announced(track)
        )

    def _announced(self, track: Track) -> bool:
        """Return whether it has been seen often enough to be a face, and no passing shadow."""
        return track.hits >= self._config.min_hits

    def _follow(self, track: Track, reading: Reading, now: float) -> Track:
        kept = 0.5 ** (max(0.0, now - track.last_seen) / self._config.half_life_seconds)
        pairs = zip(track.reading.probabilities, reading.probabilities, strict=True)
        smoothed = replace(
            reading, probabilities=tuple(kept * old + (1 - kept) * new for old, new in pairs)
        )
        same = smoothed.label == track.reading.label
        return replace(
            track,
            reading=smoothed,
            last_seen=now,
            since=track.since if same else now,
            hits=track.hits + 1,
        )
