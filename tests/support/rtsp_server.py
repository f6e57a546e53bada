"""A looped H.264 clip as an RTSP stream; run by Debian's python3, which has GStreamer's bindings.

Usage: rtsp_server.py CLIP PORT; the stream is rtsp://127.0.0.1:PORT/clip.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 - the versions come first

clip, port = sys.argv[1:]
Gst.init(None)
server = GstRtspServer.RTSPServer.new()
server.set_address("127.0.0.1")
server.set_service(port)
factory = GstRtspServer.RTSPMediaFactory.new()
factory.set_launch(
    f'( multifilesrc location="{clip}" loop=true ! qtdemux ! h264parse config-interval=1 '
    "! rtph264pay name=pay0 pt=96 )"
)
factory.set_shared(True)
server.get_mount_points().add_factory("/clip", factory)
server.attach(None)
GLib.MainLoop().run()
