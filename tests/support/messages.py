"""Messages as they went out, each checked against its JSON Schema."""

import json
from importlib.resources import files
from typing import Any

import jsonschema

_KINDS = ("event", "faces", "state", "connection", "control")
_VALIDATORS = {
    kind: jsonschema.Draft202012Validator(
        json.loads(files("edge.publish").joinpath(f"schemas/{kind}.json").read_text()),
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )
    for kind in _KINDS
}


def checked(topic: str, payload: bytes) -> Any:
    """Return a message's JSON, once its topic's schema has been kept; None for plain words."""
    kind = topic.rsplit("/", 1)[-1]
    if kind not in _VALIDATORS:
        return None
    message = json.loads(payload)
    _VALIDATORS[kind].validate(message)
    return message


class Recorder:
    """Stands where the MQTT client stands, and keeps what it is given."""

    base = "edge-fer/box"

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []
        self.pictures: list[bytes] = []

    def publish(self, topic: str, payload: bytes) -> None:
        """Take a message of the moment."""
        self.sent.append((topic, checked(topic, payload)))

    def publish_picture(self, topic: str, payload: bytes) -> None:
        """Take a picture."""
        self.pictures.append(payload)

    def subscribe(self, topic: str, handler: object, retained: bool = True) -> None:
        """Take that somebody listens."""

    def publish_event(self, topic: str, payload: bytes) -> None:
        """Take an event."""
        self.sent.append((topic, checked(topic, payload)))

    def publish_retained(self, topic: str, payload: bytes, **_: object) -> None:
        """Take the present truth."""
        self.sent.append((topic, checked(topic, payload)))

    def of(self, kind: str) -> list[Any]:
        """Return the messages of one kind."""
        return [message for topic, message in self.sent if topic.endswith(f"/{kind}")]
