"""Who is there, what they show, and since when: tracks, steady labels, and the events of them."""

from edge.track.tracker import Tracker

__all__ = ["Tracker"]
