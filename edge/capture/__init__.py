"""Where frames come from: demo clip, video file, RTSP or HTTP stream, webcam."""

from edge.capture.source import EndOfVideo, Source, SourceError, make_source

__all__ = ["EndOfVideo", "Source", "SourceError", "make_source"]
