"""Who knows the password or the token, and the sessions of those who did."""

import hashlib
import hmac
import secrets
import threading
import time
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Final

from itsdangerous import BadSignature, TimestampSigner
from werkzeug.security import check_password_hash

from edge.config import WebConfig

SESSION_SECONDS: Final = 30 * 24 * 3600
"""A browser stays signed in for this long."""

_SESSION_AGE: Final = timedelta(seconds=SESSION_SECONDS)

_REMEMBERED_SECONDS: Final = 600.0
"""The right password is known at once for this long after it was checked."""

_WAITING: Final = 3
"""Passwords that are checked at the same time, or wait for it."""

_CHECK_SECONDS: Final = 10.0
"""A check takes no longer, with those before it."""

_SESSION: Final = "session"


class Busy(Exception):
    """Too many passwords are being checked."""


class Credentials:
    """Checks what a client claims to know.

    Parameters
    ----------
    config
        Has the name and the hashes.
    key
        Sessions are signed with it; who has read the configuration does not know it.
    """

    def __init__(self, config: WebConfig, key: bytes) -> None:
        self._username = config.username or ""
        self._password = config.password.get_secret_value() if config.password else ""
        self._token = config.token.get_secret_value() if config.token else ""
        # Another one for another password: that ends all sessions.
        secret = f"{self._username}\n{self._password}".encode()
        self._signer = TimestampSigner(
            hmac.digest(key, secret, "sha256"), digest_method=hashlib.sha256
        )
        self._key = secrets.token_bytes(32)
        self._right = b""
        self._right_until = 0.0
        self._lock = threading.Lock()
        self._hashing = threading.Lock()
        self._checks: dict[bytes, Future[bool]] = {}

    @property
    def has_password(self) -> bool:
        """Whether people can sign in."""
        return bool(self._password)

    def knows_token(self, token: str) -> bool:
        """Return whether `token` is the right one."""
        digest = "sha256:" + hashlib.sha256(token.encode()).hexdigest()
        return bool(self._token) and hmac.compare_digest(digest, self._token)

    def claim(self, username: str, password: str) -> bytes:
        """Return what stands for both, in memory and until the next start."""
        return hmac.digest(self._key, f"{username}\n{password}".encode(), "sha256")

    def knows_password(self, username: str, password: str) -> bool:
        """Return whether both are right; a wrong name takes as long as a wrong password.

        Raises
        ------
        Busy
            If others are being checked, and wait: each takes a processor for 100 ms.
        """
        if not self._password:
            return False
        claim, mine = self.claim(username, password), None
        with self._lock:
            now = time.monotonic()
            if now < self._right_until and hmac.compare_digest(claim, self._right):
                self._right_until = now + _REMEMBERED_SECONDS
                return True
            check = self._checks.get(claim)
            if check is None:
                if len(self._checks) >= _WAITING:
                    raise Busy
                check = mine = self._checks[claim] = Future[bool]()
        if mine is not None:
            self._check(mine, claim, username, password)
        try:
            return check.result(_CHECK_SECONDS)
        except TimeoutError:
            raise Busy from None

    def _check(self, check: Future[bool], claim: bytes, username: str, password: str) -> None:
        """Give `check` its result; those who claim the same at the same time share it."""
        try:
            right = self._matches(password)
            right &= hmac.compare_digest(username.encode(), self._username.encode())
        except BaseException as error:
            check.set_exception(error)
            raise
        else:
            check.set_result(right)
        finally:
            with self._lock:
                del self._checks[claim]
                if check.exception() is None and check.result():
                    self._right, self._right_until = claim, time.monotonic() + _REMEMBERED_SECONDS

    def _matches(self, password: str) -> bool:
        if not self._hashing.acquire(timeout=_CHECK_SECONDS):
            raise Busy
        try:
            return check_password_hash(self._password, password)
        finally:
            self._hashing.release()

    def new_session(self) -> str:
        """Return what tells a browser that has signed in from others."""
        return self._signer.sign(_SESSION).decode()

    def knows_session(self, session: str) -> bool:
        """Return whether `new_session` gave it, with this password and not too long ago."""
        try:
            text, signed = self._signer.unsign(session, return_timestamp=True)
        except BadSignature:
            return False
        # One of the future is right: a box without a battery starts with a clock of the past.
        age = datetime.now(UTC) - signed
        return self.has_password and text == _SESSION.encode() and age < _SESSION_AGE
