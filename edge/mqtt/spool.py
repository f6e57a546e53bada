"""Events on disk, so that they outlive the daemon."""

import logging
import math
import os
import sqlite3
import tempfile
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.errors import ConfigError

log = logging.getLogger(__name__)

_KEY: Final = "mqtt.outbox.folder"
_LOCKED_SECONDS: Final = 1.0
_AGAIN_SECONDS: Final = 60.0
_REMOVALS: Final = 200
"""Removed together; what a crash brings back is sent twice, which QoS 1 allows."""

_CLOCK_IS_SET: Final = 1_735_689_600.0
"""2025: an event of before was written by a box that did not know the time yet."""

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS events "
    "(key INTEGER PRIMARY KEY, topic TEXT, payload BLOB, content_type TEXT, wall REAL)"
)
_UNWRITABLE: Final = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")
_DAMAGED: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR")
"""The last one is a table that is not ours."""

_INSERT: Final = "INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?)"

Pending = tuple[int, str, bytes, str | None, float]
"""Key, topic, payload, content type, and the seconds that it has waited."""


@dataclass(frozen=True)
class Stored:
    """An event that an earlier run left behind."""

    key: int
    topic: str
    payload: bytes
    content_type: str | None
    age: float


def check_parent(folder: Path) -> None:
    """See whether the folder can be written, or made where it is not there.

    Raises
    ------
    ConfigError
        If not.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise _unwritable(folder, f"{there} is no folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise _unwritable(folder, f"no right to write in {there}")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(folder, error.strerror or str(error)) from None


def _unwritable(folder: Path, why: str) -> ConfigError:
    return ConfigError(
        f"{_KEY}: cannot write in {folder}: {why}: name a folder of the daemon's own"
    )


class Spool:
    """A small SQLite file of events; whoever uses it sees to it that one thread does at a time.

    A disk that fails costs what it keeps and nothing else: one line, events go on in memory, and
    every minute all of them are tried to be written anew.

    Parameters
    ----------
    folder
        Where it lies.
    node
        Its name, for boxes that share a folder.

    Raises
    ------
    ConfigError
        If the folder cannot be written, or another process uses this file.
    """

    def __init__(self, folder: Path, node: str) -> None:
        _make(folder)
        self._path = folder / f"outbox-{node}.sqlite3"
        self._removed: list[tuple[int]] = []
        self._again = math.inf
        self._db: sqlite3.Connection | None = None
        try:
            self._db = self._open()
        except (sqlite3.Error, OSError) as error:
            if _code(error) == "SQLITE_BUSY":
                raise ConfigError(
                    f"{_KEY}: {self._path} is in use: give each edge-fer a folder or a node name "
                    "of its own"
                ) from None
            if _code(error) in _UNWRITABLE:
                raise ConfigError(f"{_KEY}: cannot write {self._path}: {error}") from None
            self._fail(error)

    def load(self) -> list[Stored]:
        """Return what is there, in the order in which it came."""
        if self._db is None:
            return []
        now = time.time()
        try:
            rows = self._db.execute("SELECT * FROM events ORDER BY key").fetchall()
        except sqlite3.Error as error:
            self._fail(error)
            return []
        return [
            # A clock that was set in between must not make an event older than it can be.
            Stored(
                key,
                topic,
                payload,
                content_type,
                max(0.0, now - wall) if wall > _CLOCK_IS_SET else 0.0,
            )
            for key, topic, payload, content_type, wall in rows
        ]

    def add(self, key: int, topic: str, payload: bytes, content_type: str | None) -> None:
        """Keep an event."""
        if self._db is not None:
            try:
                self._db.execute(_INSERT, (key, topic, payload, content_type, time.time()))
            except sqlite3.Error as error:
                self._fail(error)

    def remove(self, key: int) -> None:
        """Forget an event, soon."""
        self._removed.append((key,))
        if len(self._removed) >= _REMOVALS:
            self._flush()

    def settle(self, pending: Iterable[Pending]) -> None:
        """Forget what was removed; after a failure, try to write all of `pending` anew."""
        if self._db is not None:
            self._flush()
        elif time.monotonic() >= self._again:
            self._write_anew(pending)

    def close(self, pending: Collection[Pending]) -> int:
        """End; return how many of the pending events are not on disk."""
        self._flush()
        if self._db is None:
            self._write_anew(pending)
        if self._db is None:
            log.warning("events in %s may be sent again by the next run", self._path)
            return len(pending)
        self._db.close()
        self._db = None
        self._again = math.inf
        return 0

    def _flush(self) -> None:
        removed, self._removed = self._removed, []
        if self._db is not None and removed:
            try:
                with self._db:
                    self._db.execute("BEGIN")
                    self._db.executemany("DELETE FROM events WHERE key = ?", removed)
            except sqlite3.Error as error:
                self._fail(error)

    def _write_anew(self, pending: Iterable[Pending]) -> None:
        self._again = time.monotonic() + _AGAIN_SECONDS
        now = time.time()
        try:
            db = self._open()
            with db:
                db.execute("BEGIN")
                db.execute("DELETE FROM events")
                db.executemany(_INSERT, ((*row, now - waited) for *row, waited in pending))
        except (sqlite3.Error, OSError) as error:
            log.debug("the outbox cannot be written again: %s", error)
            return
        self._db = db
        log.info("events are kept on disk again, in %s", self._path)

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            if not isinstance(error, _Damaged) and _code(error) not in _DAMAGED:
                raise
            aside = self._path.with_suffix(".damaged")
            log.warning("%s is damaged (%s): it is now %s", self._path, error, aside.name)
            self._path.replace(aside)
            Path(f"{self._path}-wal").unlink(missing_ok=True)
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        self._path.touch(mode=0o600)  # what people showed is nobody else's
        # Threads share it in turns. Each statement is a transaction of its own.
        db = sqlite3.connect(
            self._path, timeout=_LOCKED_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            # Exclusive, so that two daemons never send each other's events. WAL and NORMAL: no
            # wait for the disk at each event; a power cut may cost the last few.
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute(_TABLE)
            db.execute("SELECT key, topic, payload, content_type, wall FROM events LIMIT 1")
            _check(db)
        except BaseException:
            db.close()
            raise
        return db

    def _fail(self, error: Exception) -> None:
        """Go on in memory."""
        log.warning("events cannot be kept on disk in %s: %s", self._path, error)
        if self._db is not None:
            self._db.close()
        self._db = None
        self._again = time.monotonic() + _AGAIN_SECONDS


class _Damaged(sqlite3.DatabaseError):
    """The file is a database, and not a sound one."""


def _check(db: sqlite3.Connection) -> None:
    found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise _Damaged(found)


def _code(error: Exception) -> str:
    """Return SQLite's name of an error, such as ``SQLITE_FULL``."""
    return str(getattr(error, "sqlite_errorname", ""))
