"""The key that sessions are signed with."""

import logging
import os
import secrets
from pathlib import Path
from typing import Final

from edge.whole_file import write_private

log = logging.getLogger(__name__)

_FILE: Final = "session.key"
_BYTES: Final = 32


def session_key() -> bytes:
    """Return the key: kept in ``$STATE_DIRECTORY``, or another with every start.

    systemd sets that for a unit with ``StateDirectory=``.
    """
    folder = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if not folder:
        return secrets.token_bytes(_BYTES)
    path = Path(folder) / _FILE
    try:
        return _kept(path)
    except (OSError, ValueError) as error:
        log.warning("web: logins will end with the next start: cannot keep %s: %s", path, error)
        return secrets.token_bytes(_BYTES)


def _kept(path: Path) -> bytes:
    if not path.exists():
        write_private(path, secrets.token_hex(_BYTES) + "\n")
    key = bytes.fromhex(path.read_text("ascii"))
    if len(key) != _BYTES:
        raise ValueError("it is no key; remove it")
    return key
