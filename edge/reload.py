"""A configuration that changed while the daemon runs: what it means, and what it asks for."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from edge.camera import Camera
from edge.config import Config
from edge.errors import ConfigError, EdgeFerError

log = logging.getLogger(__name__)

_LASTING: Final = ("node", "mqtt", "web")
"""What the whole process hangs on; a restart takes it up."""


@dataclass(frozen=True)
class Changes:
    """How two configurations differ, for what runs on the first.

    Attributes
    ----------
    kept, changed, added, removed
        Names of cameras. One is changed if any value is, that of a global section too.
    waiting
        Keys whose new values wait for a restart.
    """

    kept: tuple[str, ...]
    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    waiting: tuple[str, ...]

    @classmethod
    def between(cls, old: Config, new: Config) -> "Changes":
        """Compare the configuration in force with a new one."""
        both = [name for name in new.cameras if name in old.cameras]
        kept = tuple(name for name in both if new.cameras[name] == old.cameras[name])
        return cls(
            kept,
            tuple(name for name in both if name not in kept),
            tuple(name for name in new.cameras if name not in old.cameras),
            tuple(name for name in old.cameras if name not in new.cameras),
            tuple(_waiting(old, new)),
        )

    def __str__(self) -> str:
        """Say it in words."""
        named = {"changed": self.changed, "added": self.added, "removed": self.removed}
        told = [f"{', '.join(names)} {what}" for what, names in named.items() if names]
        if not told:
            return "no camera has changed"
        if self.kept:
            told.append(f"{', '.join(self.kept)} undisturbed")
        return "; ".join(told)

    def tell(self) -> None:
        """Say in the log that they are in force, and what waits."""
        log.info("reload: %s", self)
        if self.waiting:
            log.warning("reload: %s: changed, and wait for a restart", ", ".join(self.waiting))


def in_force(old: Config, new: Config) -> Config:
    """Return the new configuration with what only a restart changes as it was."""
    return new.model_copy(update={name: getattr(old, name) for name in _LASTING})


def _waiting(old: Config, new: Config) -> Iterator[str]:
    if old.node != new.node:
        yield "node"
    for name, section in (("mqtt", type(old.mqtt)), ("web", type(old.web))):
        before, after = getattr(old, name), getattr(new, name)
        for key in section.model_fields:
            if getattr(before, key) != getattr(after, key):
                yield f"{name}.{key}"


@dataclass(frozen=True)
class Fresh:
    """A new configuration with the cameras that it asks for, built and not started.

    Attributes
    ----------
    config
        As it will be in force.
    changes
        What became of the cameras.
    cameras
        Those that are changed or added.
    """

    config: Config
    changes: Changes
    cameras: dict[str, Camera]


class Reload:
    """Prepares a reload on a thread of its own: what runs is looked after meanwhile.

    To load a model may take seconds, and to try a GPU minutes.

    Parameters
    ----------
    prepare
        Reads the configuration and builds cameras.
    """

    asked_again = False
    """Whether another one was asked for meanwhile."""

    def __init__(self, prepare: Callable[[], Fresh]) -> None:
        log.info("reload begins")
        self._began = time.monotonic()
        self._prepare = prepare
        self._fresh: Fresh | None = None
        self._thread = threading.Thread(target=self._run, name="reload", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether it has come to its end."""
        return not self._thread.is_alive()

    @property
    def fresh(self) -> Fresh | None:
        """What was prepared; None where the configuration was refused, as the log says."""
        return self._fresh

    def ask_again(self) -> None:
        """Have another one follow this one, and say that it waits."""
        self.asked_again = True
        log.warning(
            "reload asked for again: it waits for the one that began %.0f s ago; if that never "
            "ends, a file or device hangs, and a restart ends it",
            time.monotonic() - self._began,
        )

    def _run(self) -> None:
        try:
            self._fresh = self._prepare()
        except (EdgeFerError, OSError) as error:
            _refuse(error)
        except Exception:
            log.exception("reload refused: a fault of our own; the configuration stays as it was")


def _refuse(error: EdgeFerError | OSError) -> None:
    for fault in error.faults if isinstance(error, ConfigError) else (error,):
        log.error("reload refused: %s", " ".join(str(fault).split()))
    log.warning("reload refused: the configuration before it stays in force")
