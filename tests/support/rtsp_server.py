"""A camera: H.264 clips in a loop, in real time, as one endless RTSP stream.

Run by Debian's python3, which has GStreamer's bindings: rtsp_server.py PORT CLIP [CLIP...], with
--login USER:PASSWORD to ask for them. The stream is rtsp://127.0.0.1:PORT/clip: the clips, one
after another, whatever their sizes; /sound has no picture. SIGUSR1 begins to damage the
pictures, and again ends it.
"""

import argparse
import random
import signal
from itertools import cycle

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstApp, GstRtspServer  # noqa: E402, F401 - versions first

CAPS = "video/x-h264,stream-format=byte-stream,alignment=au"


def read_clip(path):
    """Return the clip's frames as (bytes, delay of showing after decoding), and their distance."""
    pipeline = Gst.parse_launch(
        f'filesrc location="{path}" ! qtdemux ! h264parse config-interval=-1 ! {CAPS} '
        "! appsink name=sink sync=false"
    )
    sink = pipeline.get_by_name("sink")
    pipeline.set_state(Gst.State.PLAYING)
    frames, times = [], []
    while (sample := sink.pull_sample()) is not None:
        buffer = sample.get_buffer()
        frames.append((buffer.extract_dup(0, buffer.get_size()), buffer.pts - buffer.dts))
        times.append(buffer.dts)
    pipeline.set_state(Gst.State.NULL)
    return frames, (times[-1] - times[0]) // (len(times) - 1)


Gst.init(None)
parser = argparse.ArgumentParser()
parser.add_argument("port")
parser.add_argument("clips", nargs="+")
parser.add_argument("--login")
given = parser.parse_args()
clips = [read_clip(path) for path in given.clips]
distance = clips[0][1]
frames = [frame for pictures, _ in clips for frame in pictures]


damage = [False]


def turn():
    """Begin to damage pictures, or end it."""
    damage[0] = not damage[0]
    return True


def spoil(data):
    """Put twenty random bytes into the second half of a picture."""
    spoilt = bytearray(data)
    for _ in range(20):
        spoilt[random.randrange(len(data) // 2, len(data))] = random.randrange(256)
    return bytes(spoilt)


def play(_factory, media):
    """Feed a freshly opened stream, a frame at a time, for as long as it takes them."""
    source = media.get_element().get_by_name("source")
    numbered = enumerate(cycle(frames))

    def push():
        number, (data, delay) = next(numbered)
        buffer = Gst.Buffer.new_wrapped(spoil(data) if damage[0] else data)
        buffer.dts = number * distance
        buffer.pts = buffer.dts + delay
        buffer.duration = distance
        return source.emit("push-buffer", buffer) == Gst.FlowReturn.OK

    GLib.timeout_add(distance // Gst.MSECOND, push)


def mount(path, launch):
    """Serve a GStreamer pipeline, one for all who watch."""
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch(f"( {launch} )")
    factory.set_shared(True)
    if given.login:
        permissions = GstRtspServer.RTSPPermissions.new()
        for what in ("access", "construct"):
            permissions.add_permission_for_role("viewer", f"media.factory.{what}", True)
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory(path, factory)
    return factory


server = GstRtspServer.RTSPServer.new()
server.set_address("127.0.0.1")
server.set_service(given.port)
if given.login:
    user, password = given.login.split(":")
    token = GstRtspServer.RTSPToken.new()
    token.set_string("media.factory.role", "viewer")
    auth = GstRtspServer.RTSPAuth.new()
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
mount(
    "/clip",
    f"appsrc name=source is-live=true format=time caps={CAPS} ! rtph264pay name=pay0 pt=96",
).connect("media-configure", play)
mount("/sound", "audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay0 pt=8")
GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGUSR1, turn)
server.attach(None)
GLib.MainLoop().run()
