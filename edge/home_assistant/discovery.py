"""Home Assistant's MQTT discovery: each camera announces itself as one device.

One message a camera, in the *device* form of Home Assistant 2024.11 and later. What may stand in
it is defined in Home Assistant's ``components/mqtt``: ``schemas.py`` (device, origin,
availability) and ``discovery.py`` (topics, and how entities go away again). Described at
https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery.
"""

import json
import logging
import math
import re
import time
from collections.abc import Callable
from typing import Any, Final

import edge
from edge.config import Config
from edge.home_assistant.entities import Component, entities
from edge.mqtt.publisher import MqttPublisher

log = logging.getLogger(__name__)

ORIGIN: Final = "edge-fer"
"""Who sends these messages, in their ``origin``."""

DEFAULT_PREFIX: Final = "homeassistant"
"""Home Assistant's own discovery prefix; it also says ``online`` below it after a start."""

_AGAIN_SECONDS: Final = 5.0
"""It takes longer to start; who says ``online`` more often gets no answer."""


def announcements(config: Config, prefix: str) -> dict[str, dict[str, Any]]:
    """Return the payload of every camera, by the topic that it is retained on.

    Parameters
    ----------
    config
        Of this node.
    prefix
        Home Assistant's discovery prefix.
    """
    return {
        f"{prefix}/device/{object_id(config.node, name)}/config": device(config, name)
        for name in config.cameras
    }


def object_id(node: str, camera: str) -> str:
    """Return the name of a camera's device, another one for each node and camera.

    Both names may contain ``_``. It is doubled in the node's, so that only what divides the two
    is an odd number of them: ``a`` with ``b_c`` and ``a_b`` with ``c`` differ.
    """
    return f"{_node_id(node)}_{camera}"


def is_of_node(identifier: str, node: str) -> bool:
    """Return whether an object id is one of this node's, whatever the camera."""
    start = f"{_node_id(node)}_"
    return identifier.startswith(start) and not identifier.startswith(f"{start}_")


def _node_id(node: str) -> str:
    return f"{ORIGIN}_{node.replace('_', '__')}"


def device(config: Config, camera: str) -> dict[str, Any]:
    """Return a camera's payload: the device, and its entities as ``components``.

    An entity that this configuration does not give is named with nothing but its platform:
    Home Assistant drops the one that an earlier configuration gave, and leaving it out would not.
    """
    base = f"{config.mqtt.prefix}/{config.node}"
    identifier = object_id(config.node, camera)
    slug = re.sub("[_-]+", "_", f"{config.node}_{camera}").lower()
    components: dict[str, Component] = {}
    for key, (platform, entity) in entities(config.cameras[camera], base, camera).items():
        components[key] = {"platform": platform}
        if entity is not None:
            components[key] |= {
                **entity,
                "unique_id": f"{identifier}_{key}",
                "default_entity_id": f"{platform}.{slug}_{key}",
            }
    return {
        "device": {
            "identifiers": [identifier],
            "name": f"{config.node} {camera}",
            "manufacturer": ORIGIN,
            "model": "Emotion camera",
            "sw_version": edge.__version__,
        },
        "origin": {"name": ORIGIN, "sw_version": edge.__version__},
        # For all entities, but those that say more themselves.
        "availability": [{"topic": f"{base}/status"}],
        "availability_mode": "all",
        "qos": 1,
        "components": components,
    }


class Discovery:
    """Announces the cameras to Home Assistant, again whenever it has started.

    Parameters
    ----------
    config
        Of this node; with ``mqtt.discovery`` null nothing is announced.
    clock
        Monotonic seconds.
    """

    def __init__(self, config: Config, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = -math.inf
        self._prefix = config.mqtt.discovery
        self._mqtt: MqttPublisher | None = None
        self._messages = self._written(config)

    def start(self, mqtt: MqttPublisher) -> None:
        """Announce all cameras, and listen for Home Assistant's birth message."""
        if self._prefix is None:
            return
        self._mqtt = mqtt
        self._announce(mqtt)
        log.info("cameras are announced to Home Assistant below %s/", self._prefix)

        def heard(_topic: str, payload: bytes) -> None:
            now = self._clock()
            if payload == b"online" and now - self._last >= _AGAIN_SECONDS:
                self._last = now
                log.info("Home Assistant is there: announcing the cameras again")
                self._announce(mqtt)

        # Its birth message does not follow a discovery prefix that was changed (DEFAULT_BIRTH in
        # const.py), unless its topic was changed as well.
        for prefix in sorted({self._prefix, DEFAULT_PREFIX}):
            # Whoever retains it tells nothing new: all is announced at every connect anyway.
            mqtt.subscribe(f"{prefix}/status", heard, retained=False)

    def change(self, config: Config) -> None:
        """Announce the cameras of another configuration, and take back those that are gone."""
        before, self._messages = self._messages, self._written(config)
        if self._mqtt is None:
            return
        for topic in before.keys() | self._messages.keys():
            payload = self._messages.get(topic, b"")
            if payload != before.get(topic):
                self._mqtt.publish_absolute(topic, payload)

    def _written(self, config: Config) -> dict[str, bytes]:
        announced = announcements(config, self._prefix or "")
        return {topic: json.dumps(payload).encode() for topic, payload in announced.items()}

    def _announce(self, mqtt: MqttPublisher) -> None:
        for topic, payload in self._messages.items():
            mqtt.publish_absolute(topic, payload)
