"""The web server by itself, on a real port, with one camera that shows one picture."""

import hashlib
import http.client
import json
import ssl
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.security import generate_password_hash

from edge.config.web import SCRYPT
from edge.web.server.server import WebServer
from tests.support.system import free_port
from tests.support.web import WebBox

PASSWORD = "correct horse: battery"
TOKEN = "Zm9yIHByb2dyYW1z"
LOGIN = {
    "username": "admin",
    "password": generate_password_hash(PASSWORD, SCRYPT),
    "token": f"sha256:{hashlib.sha256(TOKEN.encode()).hexdigest()}",
}
"""For the section ``web``."""


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: list[str] = field(default_factory=list)

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


@dataclass
class Box:
    """A server that runs."""

    app: Flask
    port: int
    site: WebBox
    server: WebServer
    trust: ssl.SSLContext | None = None

    def connection(self, source: str = "127.0.0.1") -> http.client.HTTPConnection:
        """Return a connection that is not open yet, from an address of loopback."""
        place: dict[str, Any] = {
            "host": "127.0.0.1", "port": self.port, "timeout": 30, "source_address": (source, 0),
        }  # fmt: skip
        if self.trust is None:
            return http.client.HTTPConnection(**place)
        return http.client.HTTPSConnection(**place, context=self.trust)

    def ask(
        self,
        path: str,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        source: str = "127.0.0.1",
    ) -> Answer:
        """Send a request; of an answer without an end only the headers are read."""
        with closing(self.connection(source)) as connection:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            endless = answer.headers.get_content_type() in {
                "multipart/x-mixed-replace", "text/event-stream",
            }  # fmt: skip
            cookies = answer.headers.get_all("Set-Cookie") or []
            body = b"" if endless else answer.read()
            return Answer(answer.status, dict(answer.headers), body, cookies)


def basic(username: str = "admin", password: str = PASSWORD) -> dict[str, str]:
    """Return the header of HTTP Basic."""
    return {"Authorization": "Basic " + b64encode(f"{username}:{password}".encode()).decode()}


def bearer(token: str = TOKEN) -> dict[str, str]:
    """Return the header of a token."""
    return {"Authorization": f"Bearer {token}"}


@contextmanager
def serving(
    folder: Path = Path(), trust: ssl.SSLContext | None = None, **web: Any
) -> Iterator[Box]:
    """Run a server with a section ``web`` while the block runs; `trust` is a client's."""
    box = WebBox(web={"port": free_port(), **web})
    box.show("door")
    server = WebServer(box.app, box.config.web, folder)
    server.start()
    try:
        yield Box(box.app, box.config.web.port, box, server, trust)
    finally:
        box.stop.set()
        server.stop(time.monotonic() + 5)
