"""The states of a source, and the moves between them."""

from enum import Enum
from typing import Final


class SourceState(Enum):
    """What a source is doing; published as it stands."""

    STARTING = "starting"
    """Opened for the first time, no frame yet."""
    ONLINE = "online"
    """Gives frames."""
    STALLED = "stalled"
    """Connected, but without a frame for too long."""
    RECONNECTING = "reconnecting"
    """Lost, and tried again."""
    OFFLINE = "offline"
    """Lost for several attempts (a camera; tried again for ever), or broken (a clip)."""
    ENDED = "ended"
    """A clip that gave its last frame."""


_S = SourceState

MOVES: Final[dict[SourceState, frozenset[SourceState]]] = {
    _S.STARTING: frozenset({_S.ONLINE, _S.RECONNECTING, _S.OFFLINE, _S.ENDED}),
    _S.ONLINE: frozenset({_S.STALLED, _S.RECONNECTING, _S.OFFLINE, _S.ENDED}),
    _S.STALLED: frozenset({_S.ONLINE, _S.RECONNECTING, _S.OFFLINE, _S.ENDED}),
    _S.RECONNECTING: frozenset({_S.ONLINE, _S.OFFLINE, _S.ENDED}),
    _S.OFFLINE: frozenset({_S.ONLINE, _S.ENDED}),
    _S.ENDED: frozenset({_S.RECONNECTING}),  # a later stage died: the clip is played again
}
"""From every state, the states that may follow."""
