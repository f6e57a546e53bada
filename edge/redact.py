"""Keeping passwords out of logs and messages."""

import json
import re
from typing import Final

_URL: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_LOGIN: Final = re.compile(r"(?<=://)[^/\s@\"']+@")

HIDDEN: Final = "**********"
"""In place of a secret, as pydantic shows its own."""

_SHORT: Final = 6
"""What is shorter may be a common word, and would be given away by being hidden there."""


def redact(source: str) -> str:
    """Return what may be shown of a camera's URL or of any other name of a source.

    Of a URL that is scheme, host and port: cameras take passwords before the host, in the path
    and in the query, and passwords hold any character.

    >>> redact("rtsp://admin:secret@10.0.0.5:554/stream?token=1")
    'rtsp://10.0.0.5:554'
    """
    match = _URL.fullmatch(source)
    if match is None:
        return source.rpartition("@")[2] if "@" in source else source
    rest = match["rest"]
    place = rest if "?" in rest.partition("@")[0] else rest.rpartition("@")[2]
    return f"{match['scheme']}://{re.split('[/?#]', place)[0]}"


def conceal(text: str, secrets: frozenset[str] = frozenset()) -> str:
    """Return `text` without the `secrets`, and without the logins of URLs.

    >>> conceal("cannot open rtsp://me:hunter2@10.0.0.5/x: hunter2", frozenset({"hunter2"}))
    'cannot open rtsp://10.0.0.5/x: **********'
    """
    text = _LOGIN.sub("", text)
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORT:
            forms = {secret, *(json.dumps(secret, ensure_ascii=a)[1:-1] for a in (False, True))}
            anyhow = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
            # Whole words: "edge" is no secret in "edge-fer", and hiding it there would tell it.
            text = re.sub(rf"(?<!\w)(?:{anyhow})(?!\w)", HIDDEN, text)
    return text
