"""Reading emotions from face pictures with the TFLite CNN."""

from edge.classify.classifier import Classifier, load_classifier

__all__ = ["Classifier", "load_classifier"]
