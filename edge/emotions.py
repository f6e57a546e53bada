"""The seven expressions of FER-2013, in the order of its labels and of every model's output."""

from typing import Final, Literal, get_args

Emotion = Literal["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]

EMOTIONS: Final[tuple[Emotion, ...]] = get_args(Emotion)
"""FER-2013 (Goodfellow et al., 2013): label 0 is ``angry`` ... label 6 is ``neutral``."""

Label = Literal[Emotion, "uncertain"]
"""What a face is said to show; ``uncertain`` where no emotion can be told honestly."""

LABELS: Final[tuple[Label, ...]] = (*EMOTIONS, "uncertain")

FACE_SIZE: Final = 48
"""Side of a FER-2013 face in pixels, and of the classifier's input."""
