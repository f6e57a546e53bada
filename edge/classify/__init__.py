"""Reading emotions from face pictures with the TFLite CNN."""

from edge.classify.classifier import Classifier, load_classifier
from edge.classify.paced import PacedClassifier

__all__ = ["Classifier", "PacedClassifier", "load_classifier"]
