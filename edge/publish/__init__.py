"""What leaves the box: MQTT messages, and the broker for a box that has none."""
