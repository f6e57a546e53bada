"""Where frames come from: cameras that may fail at any time, clips, folders of images."""

from edge.capture.factory import make_source
from edge.capture.source import EndOfVideo, Source, SourceError

__all__ = ["EndOfVideo", "Source", "SourceError", "make_source"]
