"""What labels may say, and what it means. None names a face or a track."""

from typing import Final

STAGES: Final = ("capture", "detect", "classify", "publish")

DROPS: Final = {
    "capture": {
        "corrupt": "damaged on the way, or by the camera",
        "blank": "without any content",
        "fps": "more than `capture.fps` asks for",
    },
    "detect": {
        "overflow": "more than detection can take: a newer frame took its place",
        "age": "older than `capture.max_age_seconds`",
        "paused": "paused by command",
    },
    "classify": {
        "age": "older than `capture.max_age_seconds`, after detection",
        "paused": "paused by command",
    },
    "publish": {"paused": "paused by command"},
}
"""By the stage that frames never reach: why they do not."""

MQTT_DROPS: Final = {
    "overflow": "events: `mqtt.outbox` is full, the oldest went",
    "disconnected": "messages of the moment (`faces`, `snapshot`): no broker to take them",
    "refused": "the broker does not take them",
    "shutdown": "events: the daemon ended before they went out; the log says it too, as hardly any "
    "scrape comes in time",
    "privacy": "events of an earlier run: `privacy.mode` was made stricter",
}
"""Why messages are lost."""

MQTT_CONNECT_FAILURES: Final = {
    "unreachable": "nobody there",
    "timeout": "no answer",
    "tls": "no trust",
    "refused": "no entry: user name, password or rights",
    "protocol": "no MQTT",
}
"""Why there is no connection."""

LOGIN_FAILURES: Final = {
    "password": "wrong name or password",
    "token": "a token that is not known",
    "limit": "not looked at: too many wrong ones from that address before",
}
"""Why the page and the API let somebody not in."""
