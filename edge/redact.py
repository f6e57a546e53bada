"""Keeping passwords out of logs and messages."""

import re
from typing import Final

_URL: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<rest>.*)", re.IGNORECASE | re.DOTALL)


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
