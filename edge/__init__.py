"""edge-fer: facial expression recognition on a camera box, from frames to events.

One camera is one pipeline, one thread a stage, joined by bounded channels::

    capture --Frame--> detect --Detection--> classify --Observation--> publish --> MQTT
                                                                          |--> MJPEG viewers
                                                                          '--> metrics
"""

__version__ = "0.1.0"
