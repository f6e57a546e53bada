"""From a trained Keras model to the TFLite file that the camera box runs."""
