"""Finding faces: Haar cascades or dlib's HOG, behind one small interface."""

from edge.detect.finder import Detector, FaceFinder, make_finder

__all__ = ["Detector", "FaceFinder", "make_finder"]
