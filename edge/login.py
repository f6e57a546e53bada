"""``edge-fer login``: a password or a token, as the hash that the configuration takes."""

import hashlib
import secrets
import sys
from pathlib import Path
from typing import Final

import click
from werkzeug.security import generate_password_hash

from edge.config.web import SCRYPT
from edge.errors import EdgeFerError
from edge.whole_file import write_private

_SHORTEST: Final = 8
_LONGEST: Final = 1000


def make_password(out: Path | None) -> None:
    """Ask for a password, at the terminal twice, and give its hash."""
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise EdgeFerError(f"a password has {_SHORTEST} to {_LONGEST} characters")
    _give("password", generate_password_hash(password, SCRYPT), out)


def make_token(out: Path | None) -> None:
    """Draw a token, show it this once, and give its hash."""
    token = secrets.token_urlsafe(32)
    _give("token", f"sha256:{hashlib.sha256(token.encode()).hexdigest()}", out)
    # Only now: a token whose hash could not be written is none.
    click.echo(f"token: {token}")
    click.echo("Give it to the program; it is shown this once.", err=True)


def _give(key: str, value: str, out: Path | None) -> None:
    if out is None:
        click.echo(f"hash: {value}" if key == "token" else value)
        click.echo(f'In config.yaml, section web: {_beside(key)}{key}: "the hash"', err=True)
        return
    write_private(out, value + "\n")
    place = f'"${{file:{out.absolute()}}}"'
    click.echo(f"In config.yaml, section web: {_beside(key)}{key}: {place}", err=True)


def _beside(key: str) -> str:
    """Return what else the configuration needs."""
    return "username: a name of your choice, " if key == "password" else ""
