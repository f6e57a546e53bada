"""What Home Assistant asks of a discovery message, and what it makes of the messages that follow.

Written after Home Assistant 2026.11, ``homeassistant/components/mqtt``: ``discovery.py`` (topic),
``schemas.py`` (device, origin, availability and what all entities share), ``config.py`` (state and
command topics), ``sensor.py``, ``switch.py``, ``camera.py``, ``event.py`` (each platform's keys),
``util.py`` (topics), ``models.py`` and ``entity.py`` (templates, availability), and after
``components/sensor/const.py`` (state classes and units of device classes). It is stricter in one
thing: an entity's key that Home Assistant would silently drop is a fault here.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from jinja2.sandbox import ImmutableSandboxedEnvironment

Payload = dict[str, Any]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TOPIC: Final = re.compile(r"device/(?:[a-zA-Z0-9_-]+/)?[a-zA-Z0-9_-]+/config")

DEVICE: Final = _words(
    "identifiers connections manufacturer model model_id name hw_version serial_number sw_version "
    "via_device suggested_area configuration_url"
)
AVAILABILITY: Final = _words(
    "availability availability_mode availability_topic availability_template payload_available "
    "payload_not_available"
)
ROOT: Final = AVAILABILITY | _words(
    "device components origin state_topic command_topic qos encoding"
)
COMMON: Final = AVAILABILITY | _words(
    "platform qos encoding entity_picture enabled_by_default entity_category icon "
    "json_attributes_topic json_attributes_template default_entity_id unique_id name"
)
READING: Final = frozenset({"state_topic", "value_template"})
PLATFORMS: Final = {
    "sensor": COMMON | READING | _words(
        "device_class expire_after force_update last_reset_value_template options "
        "suggested_display_precision state_class unit_of_measurement"
    ),
    "switch": COMMON | READING | _words(
        "command_topic command_template optimistic retain payload_on payload_off state_on "
        "state_off device_class"
    ),
    "camera": COMMON | {"topic", "image_encoding"},
    "event": COMMON | READING | {"device_class", "event_types"},
}  # fmt: skip
REQUIRED: Final = {
    "sensor": {"state_topic"},
    "switch": {"command_topic"},
    "camera": {"topic"},
    "event": {"state_topic", "event_types"},
}
# Of the device classes, those that we use: the units they may have, and the state classes.
CLASSES: Final[dict[str | None, tuple[set[str] | None, set[str]]]] = {
    None: (None, {"measurement", "total", "total_increasing"}),
    "enum": (set(), set()),
    "duration": (
        {"d", "h", "min", "s", "ms", "μs"}, {"measurement", "total", "total_increasing"}
    ),
}  # fmt: skip
_ENVIRONMENT: Final = ImmutableSandboxedEnvironment()


def faults(prefix: str, topic: str, text: bytes) -> list[str]:
    """Return what Home Assistant would refuse or drop of one discovery message."""
    if not topic.startswith(f"{prefix}/") or not TOPIC.fullmatch(topic.removeprefix(f"{prefix}/")):
        return [f"the topic {topic} is none of discovery"]
    payload = json.loads(text)
    return [
        *_unknown("the message", payload, ROOT),
        *_device(payload.get("device", {})),
        *([] if payload.get("origin", {}).get("name") else ["the origin has no name"]),
        *_unknown("the origin", payload["origin"], {"name", "sw_version", "support_url"}),
        *_availability("the message", payload),
        *([] if payload.get("components") else ["there are no components"]),
        *(
            f"{key}: {fault}"
            for key, entity in payload["components"].items()
            for fault in _entity(entity)
        ),
        *_twice([entity.get("unique_id") for entity in payload["components"].values()]),
        *_twice([entity.get("default_entity_id") for entity in payload["components"].values()]),
    ]


def _device(device: Payload) -> Iterator[str]:
    yield from _unknown("the device", device, DEVICE)
    if not device.get("identifiers") and not device.get("connections"):
        yield "the device has neither identifiers nor connections"
    if not device.get("name"):
        yield "the device has no name"
    for key in device.keys() - {"identifiers", "connections"}:
        if not isinstance(device[key], str):
            yield f"the device's {key} is no text"


def _availability(what: str, holder: Payload) -> Iterator[str]:
    if holder.get("availability_mode", "latest") not in {"all", "any", "latest"}:
        yield f"{what} has an unknown availability_mode"
    if "availability" in holder and "availability_topic" in holder:
        yield f"{what} has both availability and availability_topic"
    known = {"topic", "payload_available", "payload_not_available", "value_template"}
    topics = []
    for source in holder.get("availability", []):
        yield from _unknown(f"availability of {what}", source, known)
        yield from _topic("topic", source.get("topic"))
        topics.append(source.get("topic"))
    yield from _twice(topics)  # Home Assistant keeps one of a topic


def _entity(entity: Payload) -> Iterator[str]:
    platform = entity.get("platform")
    if platform not in PLATFORMS:
        yield f"no platform {platform}"
        return
    if len(entity) == 1:
        return  # takes an entity away
    yield from _unknown("the entity", entity, PLATFORMS[platform])
    for key in REQUIRED[platform] | {"unique_id"}:
        if not entity.get(key):
            yield f"{key} is missing"
    for key in {"topic", "state_topic", "command_topic"} & entity.keys():
        yield from _topic(key, entity[key])
    yield from _availability("the entity", entity)
    if entity.get("entity_category", "diagnostic") not in {"config", "diagnostic"}:
        yield "unknown entity_category"
    if not re.fullmatch(r"[\w-]+:[\w-]+", entity.get("icon", "mdi:none")):
        yield "the icon has no prefix"
    name = entity.get("default_entity_id", f"{platform}.x")
    if not re.fullmatch(rf"{platform}\.[a-z0-9]+(_[a-z0-9]+)*", name):
        yield f"{name} is no entity id of a {platform}"
    if platform == "sensor":
        yield from _sensor(entity)


def _sensor(sensor: Payload) -> Iterator[str]:
    kind, options = sensor.get("device_class"), sensor.get("options")
    unit, state_class = sensor.get("unit_of_measurement"), sensor.get("state_class")
    if sensor.get("entity_category") == "config":
        yield "a sensor cannot be config"
    if kind not in CLASSES:
        yield f"no device class {kind} known here"
        return
    units, states = CLASSES[kind]
    if units is not None and unit is not None and unit not in units:
        yield f"the unit {unit} does not go with {kind}"
    if state_class is not None and state_class not in states:
        yield f"the state class {state_class} does not go with {kind}"
    if options is not None and (not options or unit or state_class or kind != "enum"):
        yield "options go with the device class enum, and with no unit and no state class"
    if kind == "enum" and not options:
        yield "an enum has no options"


def _topic(key: str, topic: object) -> Iterator[str]:
    if not isinstance(topic, str) or not topic or re.search(r"[\x00-\x1f\x7f-\x9f#+]", topic):
        yield f"{key} is no topic: {topic}"


def _unknown(what: str, holder: Payload, known: frozenset[str] | set[str]) -> Iterator[str]:
    for key in holder.keys() - known:
        yield f"{what} has an unknown key: {key}"


def _twice(values: list[str | None]) -> Iterator[str]:
    given = [value for value in values if value is not None]
    for value in {value for value in given if given.count(value) > 1}:
        yield f"{value} is there twice"


def rendered(template: str | None, message: bytes) -> str:
    """Return what a value template makes of a message."""
    text = message.decode()
    if template is None:
        return text
    values: Payload = {"value": text}
    with suppress(ValueError):
        values["value_json"] = json.loads(text)
    return _ENVIRONMENT.from_string(template).render(values)


def available(payload: Payload, entity: Payload, messages: dict[str, bytes]) -> bool:
    """Return whether an entity is available after the newest messages, by topic."""
    assert (entity.get("availability_mode") or payload["availability_mode"]) == "all"
    sources = entity.get("availability") or payload["availability"]
    return all(
        source["topic"] in messages
        and rendered(source.get("value_template"), messages[source["topic"]])
        == source.get("payload_available", "online")
        for source in sources
    )
