"""A camera: an H.264 clip in a loop, in real time, as one endless RTSP stream.

Run by Debian's python3, which has GStreamer's bindings: rtsp_server.py CLIP PORT; the stream is
rtsp://127.0.0.1:PORT/clip.
"""

import sys
from itertools import count

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
clip, port = sys.argv[1:]
frames, distance = read_clip(clip)


def play(_factory, media):
    """Feed a freshly opened stream, a frame at a time, for as long as it takes them."""
    source = media.get_element().get_by_name("source")
    numbers = count()

    def push():
        number = next(numbers)
        data, delay = frames[number % len(frames)]
        buffer = Gst.Buffer.new_wrapped(data)
        buffer.dts = number * distance
        buffer.pts = buffer.dts + delay
        buffer.duration = distance
        return source.emit("push-buffer", buffer) == Gst.FlowReturn.OK

    GLib.timeout_add(distance // Gst.MSECOND, push)


server = GstRtspServer.RTSPServer.new()
server.set_address("127.0.0.1")
server.set_service(port)
factory = GstRtspServer.RTSPMediaFactory.new()
factory.set_launch(
    f"( appsrc name=source is-live=true format=time caps={CAPS} ! h264parse config-interval=1 "
    "! rtph264pay name=pay0 pt=96 )"
)
factory.set_shared(True)
factory.connect("media-configure", play)
server.get_mount_points().add_factory("/clip", factory)
server.attach(None)
GLib.MainLoop().run()
