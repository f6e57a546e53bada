"""What a camera is to Home Assistant: its entities, by the keys of MQTT discovery.

The keys are those of Home Assistant's ``components/mqtt``: ``sensor.py``, ``switch.py``,
``camera.py`` and ``event.py``, with what all share in ``schemas.py``; device classes with their
units and state classes are those of ``components/sensor/const.py``. Names are short, for the
device's own is put before them (``has_entity_name``).
"""

from typing import Any, Literal

from edge.capture.state import SourceState
from edge.config import CameraConfig
from edge.emotions import LABELS

Component = dict[str, Any]
Platform = Literal["camera", "event", "sensor", "switch"]


def entities(
    config: CameraConfig, base: str, camera: str
) -> dict[str, tuple[Platform, Component | None]]:
    """Return each entity's platform and keys by a key of its own.

    Parameters
    ----------
    config
        The camera's: entities that it does not allow have None for keys.
    base
        What the node's topics begin with.
    camera
        The camera's name.
    """
    topic = f"{base}/{camera}"
    faces = config.privacy.mode != "aggregate"
    picture = config.privacy.mode == "full" and config.publish.snapshot_seconds is not None
    # What was seen holds only while frames come; what the connection does holds as long as the
    # node is there to say so.
    seen: Component = {
        "availability": [
            {"topic": f"{base}/status"},
            {
                "topic": f"{topic}/status",
                "value_template": "{{ 'online' if value == 'online' else 'offline' }}",
            },
        ]
    }
    return {
        "emotion": ("sensor", seen | _emotion(topic) if faces else None),
        "confidence": ("sensor", seen | _confidence(topic) if faces else None),
        "faces": ("sensor", seen | _faces(topic)),
        "face": ("event", seen | _event(topic) if faces else None),
        "snapshot": ("camera", seen | _snapshot(topic) if picture else None),
        "pause": ("switch", _switch(topic, "Pause", "paused", "pause", "resume")),
        "detector": (
            "switch",
            _switch(topic, "Detector", "detector", "detector on", "detector off")
            | {"entity_category": "config"},
        ),
        **_diagnostics(topic),
    }


# A template that gives None makes a sensor's state unknown (PAYLOAD_NONE in sensor.py).


def _emotion(topic: str) -> Component:
    return {
        "name": "Emotion",
        "icon": "mdi:emoticon-outline",
        "device_class": "enum",
        "options": list(LABELS),
        "state_topic": f"{topic}/state",
        "value_template": "{{ value_json.emotion }}",
    }


def _confidence(topic: str) -> Component:
    return {
        "name": "Confidence",
        "icon": "mdi:gauge",
        "state_class": "measurement",
        "unit_of_measurement": "%",
        "suggested_display_precision": 0,
        "state_topic": f"{topic}/state",
        "value_template": _percent("confidence"),
    }


def _faces(topic: str) -> Component:
    return {
        "name": "Faces",
        "icon": "mdi:face-recognition",
        "state_class": "measurement",
        "state_topic": f"{topic}/state",
        "value_template": "{{ value_json.faces }}",
    }


def _event(topic: str) -> Component:
    return {
        "name": "Face",
        "icon": "mdi:face-man-shimmer-outline",
        "event_types": ["appeared", "changed", "lost"],
        "state_topic": f"{topic}/event",
        # Home Assistant wants event_type; what else is named becomes the event's attributes.
        "value_template": "{{ {'event_type': value_json.event, 'emotion': value_json.face.label,"
        " 'confidence': value_json.face.confidence, 'previous': value_json.previous,"
        " 'duration': value_json.duration} | tojson }}",
    }


def _snapshot(topic: str) -> Component:
    return {"name": "Snapshot", "topic": f"{topic}/snapshot"}


def _switch(topic: str, name: str, key: str, on: str, off: str) -> Component:
    return {
        "name": name,
        "icon": "mdi:pause" if key == "paused" else "mdi:face-recognition",
        "command_topic": f"{topic}/set",
        "payload_on": on,
        "payload_off": off,
        "state_topic": f"{topic}/control",
        # The states are the payloads, where no others are given.
        "value_template": f"{{{{ '{on}' if value_json.{key} else '{off}' }}}}",
        "optimistic": False,
    }


def _diagnostics(topic: str) -> dict[str, tuple[Platform, Component | None]]:
    """Return the entities that tell of the connection; the last hour's, all but the seconds."""

    def sensor(name: str, key: str, **more: Any) -> tuple[Platform, Component]:
        return "sensor", {
            "name": name,
            "entity_category": "diagnostic",
            "state_topic": f"{topic}/connection",
            "value_template": f"{{{{ value_json.{key} }}}}",
            **more,
        }

    number: Component = {"state_class": "measurement"}
    rare: Component = {"enabled_by_default": False}
    status: Component = {
        "name": "Status",
        "icon": "mdi:cctv",
        "entity_category": "diagnostic",
        "device_class": "enum",
        "options": [state.value for state in SourceState],
        "state_topic": f"{topic}/status",
    }
    return {
        "status": ("sensor", status),
        "fps": sensor(
            "Frame rate", "fps", icon="mdi:speedometer", unit_of_measurement="fps",
            suggested_display_precision=1, **number,
        ),
        "quality": sensor(
            "Connection quality", "quality", icon="mdi:signal",
            device_class="enum", options=["good", "fair", "poor"],
        ),
        "online": sensor(
            "Time online", "online", icon="mdi:percent", value_template=_percent("online"),
            unit_of_measurement="%", suggested_display_precision=1, **number,
        ),
        "reconnects": sensor("Reconnects", "reconnects", icon="mdi:connection", **number),
        "stalls": sensor("Stalls", "stalls", icon="mdi:timer-alert-outline", **number, **rare),
        "offline_seconds": sensor(
            "Time offline", "offline_seconds", device_class="duration", unit_of_measurement="s",
            suggested_display_precision=0, state_class="total_increasing", **rare,
        ),
    }  # fmt: skip


def _percent(key: str) -> str:
    share = f"value_json.{key}"
    return f"{{{{ (100 * {share}) | round(1) if {share} is number else none }}}}"
