"""What may be told of people, by ``privacy.mode``; everything that tells asks here."""

from edge.config import PrivacyConfig


class Privacy:
    """Answers for one camera.

    Parameters
    ----------
    config
        The mode, and how many people make a group.
    """

    def __init__(self, config: PrivacyConfig | None = None) -> None:
        config = config or PrivacyConfig()
        self.mode = config.mode
        """``full``, ``anonymous`` or ``aggregate``."""
        self._min_people = config.min_people if config.mode == "aggregate" else 0
        self.places = config.mode == "full"
        """Whether boxes, pictures and numbers that count visits may be told."""
        self.individuals = config.mode != "aggregate"
        """Whether anything may be told of a single person."""

    def may_tell(self, event: bytes) -> bool:
        """Return whether an event that was written before may go out."""
        return self.places or (self.individuals and b'"box":null' in event)

    def may_count(self, people: int) -> bool:
        """Return whether it may be told that there are so many people, and what they show."""
        return people >= self._min_people
