"""Training and evaluation of the CNN on FER-2013, written against Keras 3 alone."""
