"""A real MQTT broker with a subscriber, and a real RTSP server."""

import json
import signal
import subprocess
import threading
import time
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge.capture.factory import DEMO_CLIP
from tests.support.system import Process, eventually, free_port, listens, program

ANONYMOUS = "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"


def start_mosquitto(folder: Path, port: int, config: str = ANONYMOUS) -> Process:
    """Start mosquitto on a loopback port."""
    path = folder / "mosquitto.conf"
    path.write_text(config.format(port=port))
    process = Process([program("mosquitto"), "-c", str(path)], folder / "mosquitto.log")
    eventually(lambda: listens(port), what="mosquitto listening")
    return process


class RtspServer:
    """GStreamer's RTSP server with clips in a loop; killed and frozen as a process."""

    def __init__(
        self, clip: Path | list[Path], folder: Path, port: int | None = None, login: str = ""
    ) -> None:
        self.port = port or free_port()
        self.url = f"rtsp://127.0.0.1:{self.port}/clip"
        script = Path(__file__).parent / "rtsp_server.py"
        clips = clip if isinstance(clip, list) else [clip]
        self._command = ["/usr/bin/python3", str(script), str(self.port), *map(str, clips)]
        if login:
            self._command += ["--login", login]
        self._log = folder / "rtsp.log"
        self.start()

    def start(self) -> None:
        """Start it, for the first time or again after `kill`."""
        self.process = Process(self._command, self._log)
        eventually(lambda: listens(self.port), what=f"RTSP server: {self.process.text}")

    def damage(self) -> None:
        """Begin to damage every picture, or end it again."""
        self.process.popen.send_signal(signal.SIGUSR1)

    def kill(self) -> None:
        """End it at once, as a camera does whose cable is pulled."""
        self.process.kill()


def face_clip(folder: Path, size: str = "") -> Path:
    """Return two seconds of the demo clip with one face in every frame, as H.264."""
    return h264_clip(DEMO_CLIP, folder, size, range(190, 240))


def h264_clip(source: Path, folder: Path, size: str = "", frames: range | None = None) -> Path:
    """Encode a clip as H.264 with its index in front, as the RTSP server needs it.

    `size` is its own, or such as ``640x360``; `frames` are those to take of it.
    """
    target = folder / f"clip{size}-h264.mp4"
    video = cv2.VideoCapture(str(source))
    width, height, fps = (int(video.get(prop)) for prop in (3, 4, 5))
    wide, high = size.split("x") if size else (width, height)
    scale = f"! videoscale ! video/x-raw,format=I420,width={wide},height={high} "
    pipeline = (
        f"fdsrc ! rawvideoparse format=bgr width={width} height={height} framerate={fps}/1 "
        f"! videoconvert {scale}! x264enc speed-preset=ultrafast key-int-max=25 bframes=0 "
        f"bitrate=4000 ! h264parse ! mp4mux faststart=true ! filesink location={target}"
    )
    command = [program("gst-launch-1.0"), "-q", *pipeline.split()]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        for number in count() if frames is None else range(frames.stop):
            good, image = video.read()
            if not good:
                break
            if frames is not None and number not in frames:
                continue
            encoder.stdin.write(image.tobytes())
        encoder.stdin.close()
        assert encoder.wait(100) == 0
    return target


class Subscriber:
    """Collects every message below a topic."""

    def __init__(self, port: int, topic: str = "edge-fer/#") -> None:
        self.messages: list[tuple[str, bytes, bool]] = []
        self.times: list[float] = []
        """Monotonic times at which they came."""
        self._ready = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._ready.wait(10)

    def _take(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self.times.append(time.monotonic())
        self.messages.append((message.topic, message.payload, message.retain))

    def publish(self, topic: str, payload: str) -> None:
        """Send a message, as a command for instance."""
        self._client.publish(topic, payload, qos=1).wait_for_publish(10)

    def payloads(self, ending: str) -> list[bytes]:
        """Return the payloads of the topics that end so, in order."""
        return [payload for topic, payload, _ in list(self.messages) if topic.endswith(ending)]

    def events(self) -> list[dict[str, Any]]:
        """Return the events so far."""
        return [json.loads(payload) for payload in self.payloads("/event")]

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()
