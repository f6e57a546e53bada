"""Keeping passwords out of logs and messages."""

import re
from typing import Final

_USERINFO: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/\s]*@", re.IGNORECASE)


def redact(text: str) -> str:
    """Hide user and password in every URL of `text`.

    >>> redact("rtsp://admin:secret@10.0.0.5/stream")
    'rtsp://***@10.0.0.5/stream'
    """
    return _USERINFO.sub(r"\g<scheme>***@", text)
