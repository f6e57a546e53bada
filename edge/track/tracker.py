"""Which face is the same person, for as long as it stays, and the events of that."""

import math
from collections import deque
from collections.abc import Iterator
from itertools import count
from typing import Final

from edge.config import TrackConfig
from edge.records import Box, Event, Observation, Reading, Track
from edge.track.association import Motion, assign
from edge.track.steady import Ended, SteadyLabel
from edge.track.tally import Tally

_LIKELY_OVERLAP: Final = 0.25
"""Least buffered overlap of a track with a face of a high score, and with one of a low score."""

_UNLIKELY_OVERLAP: Final = 0.4

_MISSED_SCANS: Final = 2.5
"""A face is not lost before it was missed in as many scans, however rare they are."""

_SHOWN_SECONDS: Final = 0.4
"""A face missed for so long is still drawn: a box that flickers says nothing of anyone."""


class Tracker:
    """Follows faces from frame to frame.

    The association is that of ByteTrack (Zhang et al., "ByteTrack: Multi-Object Tracking by
    Associating Every Detection Box", ECCV 2022): faces of a high score are paired first, with all
    tracks; then those of a low score, with the tracks that are left. Only a high score begins a
    track. A track is announced, and takes a number, when it has been seen `min_hits` times; one
    that was missed more often than that is given up before.

    Parameters
    ----------
    config
        When a track begins and ends, and how fast labels follow.
    numbers
        Where an announced track gets its number from; 1, 2, 3... where none is given.
    tally
        Adds up what is shown; it may be older than this tracker.
    """

    def __init__(
        self,
        config: TrackConfig,
        numbers: Iterator[int] | None = None,
        tally: Tally | None = None,
    ) -> None:
        self._config = config
        self._numbers = numbers or count(1)
        self.tally: Final = tally or Tally()
        """For how long each label was shown."""
        self._people: list[_Person] = []
        self._now = -math.inf
        self._set_back = False
        self._last_scan: float | None = None
        self._intervals: deque[float] = deque(maxlen=3)

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The announced faces that are present or not yet given up."""
        return tuple(
            person.track(self._now) for person in self._people if person.number is not None
        )

    @property
    def patience(self) -> float:
        """Seconds without a face after which it is lost.

        Where scans are rarer than `lost_seconds`, one that is missed must not be the end.
        """
        # One long gap is a camera that was gone, and says nothing of how often it is scanned.
        interval = sorted(self._intervals)[len(self._intervals) // 3] if self._intervals else 0.0
        return max(self._config.lost_seconds, _MISSED_SCANS * interval)

    @property
    def visible(self) -> tuple[Track, ...]:
        """Those of `tracks` that were seen in the last scan, or a moment ago."""
        return tuple(
            person.track(self._now)
            for person in self._people
            if person.number is not None
            and (person.missed == 0 or self._now - person.motion.time <= _SHOWN_SECONDS)
        )

    @property
    def places(self) -> tuple[Box, ...]:
        """Where anybody is or may be, announced or not: as foretold, and as last seen if missed."""
        foretold = [person.motion.box_at(self._now) for person in self._people]
        return (*foretold, *(person.motion.box for person in self._people if person.missed))

    def update(self, observation: Observation) -> tuple[Event, ...]:
        """Take the next frame; return who changed, was lost and appeared.

        In a frame that was not scanned everyone is carried on to where they should be.
        """
        frame = observation.frame
        self._set_back |= frame.time < self._now - self._config.lost_seconds
        self._now = frame.time
        self.tally.add(frame.time, [track.label for track in self.tracks], self.patience)
        if observation.readings is None:
            return ()
        # A clock that was set back, as a stream's may be, is a gap: nobody lives on over it.
        events = list(self.expire(math.inf)) if self._set_back else []
        self._set_back = False
        self._scanned(frame.time)
        followed, new = self._pair(observation.readings)
        for person in self._people:
            reading = followed.get(person)
            if reading is None:
                person.miss()
            else:
                events += self._follow(person, reading, frame.time, frame.wall)
        self._people = [person for person in self._people if not person.is_shadow]
        events += self.expire(frame.time)
        for reading in new:
            person = _Person(reading, frame.time, frame.wall, self._config)
            self._people.append(person)
            events += self._announce(person, frame.time, frame.wall)
        return tuple(events)

    def expire(self, now: float) -> tuple[Event, ...]:
        """Give up the faces unseen for `patience`; return a `lost` event for each."""
        patience = self.patience
        lost = [p for p in self._people if abs(now - p.motion.time) > patience]
        self._people = [p for p in self._people if p not in lost]
        return tuple(
            Event(
                "lost",
                person.track(person.motion.time),
                None,
                max(0.0, person.motion.time - person.steady.since),
            )
            for person in lost
            if person.number is not None
        )

    def _scanned(self, now: float) -> None:
        if self._last_scan is not None and now > self._last_scan:
            self._intervals.append(now - self._last_scan)
        self._last_scan = now

    def _pair(
        self, readings: tuple[Reading, ...]
    ) -> tuple[dict["_Person", Reading], list[Reading]]:
        """Return whose reading each is, and the readings of new faces."""
        likely = [r for r in readings if r.score >= self._config.start_score]
        unlikely = [r for r in readings if r.score < self._config.start_score]
        left, followed = list(self._people), dict[_Person, Reading]()
        for candidates, least in ((likely, _LIKELY_OVERLAP), (unlikely, _UNLIKELY_OVERLAP)):
            expected = [person.motion.box_at(self._now) for person in left]
            pairs = assign(expected, [reading.box for reading in candidates], least)
            followed |= {left[track]: candidates[face] for track, face in pairs.items()}
            left = [person for person in left if person not in followed]
        taken = {id(reading) for reading in followed.values()}
        return followed, [reading for reading in likely if id(reading) not in taken]

    def _follow(self, person: "_Person", reading: Reading, now: float, wall: float) -> list[Event]:
        ended = person.see(reading, now, wall)
        if person.number is None:
            return self._announce(person, now, wall)
        if ended is None:
            return []
        return [Event("changed", person.track(now), ended.label, ended.duration)]

    def _announce(self, person: "_Person", now: float, wall: float) -> list[Event]:
        """Announce a face that was seen often enough to be one, and no passing shadow."""
        if person.hits < self._config.min_hits:
            return []
        person.number = next(self._numbers)
        person.steady.settle(now, wall)
        return [Event("appeared", person.track(now), None, 0.0)]


class _Person:
    """A face that is followed; without a number until it is announced."""

    def __init__(self, reading: Reading, now: float, wall: float, config: TrackConfig) -> None:
        self.number: int | None = None
        self.motion = Motion(reading.box, now)
        self.steady = SteadyLabel(config)
        self.steady.read(reading, now, wall)
        self.hits = 1
        self.missed = 0
        """Scans without it since it was last seen."""
        self._misses = 0

    @property
    def is_shadow(self) -> bool:
        """Whether, not yet announced, it was missed more often than seen: hardly a face."""
        return self.number is None and self._misses > self.hits

    def miss(self) -> None:
        self.missed += 1
        self._misses += 1

    def see(self, reading: Reading, now: float, wall: float) -> Ended | None:
        self.motion = self.motion.seen(reading.box, now)
        self.hits += 1
        self.missed = 0
        return self.steady.read(reading, now, wall)

    def track(self, now: float) -> Track:
        if self.number is None:
            raise ValueError("a face that is not announced is no track")
        steady = self.steady
        return Track(
            id=self.number,
            box=self.motion.box_at(now),
            label=steady.label,
            probabilities=steady.probabilities,
            since=steady.since,
            since_wall=steady.since_wall,
            last_seen=self.motion.time,
        )
