"""Finding faces: Haar cascades or dlib's HOG, behind one small interface."""

from edge.detect.detector import Detector
from edge.detect.finder import FaceFinder, make_finder

__all__ = ["Detector", "FaceFinder", "make_finder"]
