"""MQTT: a client that connects for ever and loses nothing it need not, and a broker for one box."""

from edge.mqtt.publisher import MqttPublisher, check_mqtt

__all__ = ["MqttPublisher", "check_mqtt"]
