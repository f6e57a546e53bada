"""Who knows the password or the token, and the sessions of those who did."""

import hashlib
import hmac
import secrets
import threading
import time
from typing import Final

from itsdangerous import BadSignature, TimestampSigner
from werkzeug.security import check_password_hash

from edge.config import WebConfig

SESSION_SECONDS: Final = 30 * 24 * 3600
"""A browser stays signed in for this long."""

_REMEMBERED_SECONDS: Final = 600.0
"""The right password is known at once for this long after it was checked."""

_WAITING: Final = 3
"""Passwords that are checked at the same time, or wait for it."""

_SESSION: Final = "session"


class Busy(Exception):
    """Too many passwords are being checked."""


class Credentials:
    """Checks what a client claims to know.

    Parameters
    ----------
    config
        Has the name and the hashes.
    """

    def __init__(self, config: WebConfig) -> None:
        self._username = config.username or ""
        self._password = config.password.get_secret_value() if config.password else ""
        self._token = config.token.get_secret_value() if config.token else ""
        # The same after a restart, and another one for another password: that ends all sessions.
        secret = f"{self._username}\n{self._password}".encode()
        self._signer = TimestampSigner(
            hashlib.sha256(b"edge-fer\n" + secret).digest(), digest_method=hashlib.sha256
        )
        self._key = secrets.token_bytes(32)
        self._right = b""
        self._right_until = 0.0
        self._hashing = threading.Lock()
        self._seats = threading.BoundedSemaphore(_WAITING)

    @property
    def has_password(self) -> bool:
        """Whether people can sign in."""
        return bool(self._password)

    def knows_token(self, token: str) -> bool:
        """Return whether `token` is the right one."""
        digest = "sha256:" + hashlib.sha256(token.encode()).hexdigest()
        return bool(self._token) and hmac.compare_digest(digest, self._token)

    def knows_password(self, username: str, password: str) -> bool:
        """Return whether both are right; a wrong name takes as long as a wrong password.

        Raises
        ------
        Busy
            If others are being checked, and wait: each takes a processor for 100 ms.
        """
        if not self._password:
            return False
        claim = hmac.digest(self._key, f"{username}\n{password}".encode(), "sha256")
        if time.monotonic() < self._right_until and hmac.compare_digest(claim, self._right):
            return True
        if not self._seats.acquire(blocking=False):
            raise Busy
        try:
            if not self._hashing.acquire(timeout=10):
                raise Busy
            try:
                right = check_password_hash(self._password, password)
            finally:
                self._hashing.release()
        finally:
            self._seats.release()
        right &= hmac.compare_digest(username.encode(), self._username.encode())
        if right:
            self._right, self._right_until = claim, time.monotonic() + _REMEMBERED_SECONDS
        return right

    def new_session(self) -> str:
        """Return what tells a browser that has signed in from others."""
        return self._signer.sign(_SESSION).decode()

    def knows_session(self, session: str) -> bool:
        """Return whether `new_session` gave it, with this password and not too long ago."""
        try:
            return self.has_password and (
                self._signer.unsign(session, max_age=SESSION_SECONDS) == _SESSION.encode()
            )
        except BadSignature:
            return False
