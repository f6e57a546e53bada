"""How a network is trained: every choice of a run in one YAML file, checked when it is read.

The recipes that ship lie in ``training/recipes``; a path to a file of one's own works as well.
Kept apart from Keras so that ``--help`` is quick.
"""

from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.config.file import read_checked
from edge.emotions import FACE_SIZE
from edge.errors import ConfigError

FOLDER: Final = Path(__file__).parent / "recipes"

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class Part(BaseModel):
    """A part of a recipe: frozen, strict about unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Augmentation(Part):
    """How far a face may be changed; every face draws its own values, evenly."""

    flip: Share = Field(0.0, description="Probability that left and right change places.")
    rotation: float = Field(0.0, ge=0, le=180, description="Degrees to either side.")
    scale: float = Field(0.0, ge=0, lt=1, description="Fraction of the size, to either side.")
    shift: Share = Field(0.0, description="Fraction of the side, in x and y.")
    contrast: Share = Field(0.0, description="Factor about the face's mean, to either side.")
    brightness: Share = Field(0.0, description="Offset in 0..1 terms, to either side.")
    erase: Share = Field(
        0.0,
        description="Probability that a rectangle of 2 to 15 % of the face becomes noise "
        "(Zhong et al., Random Erasing, 2017).",
    )
    mix: Literal["none", "mixup", "cutmix"] = Field(
        "none",
        description="Blend faces and labels in pairs (Zhang et al., mixup, 2017), or paste a "
        "rectangle of one into the other (Yun et al., CutMix, 2019).",
    )
    mix_alpha: Positive = Field(0.2, description="Both shapes of the Beta that draws the blend.")


class Growth(Part):
    """Smaller faces in the first epochs, which cost less (Howard's progressive resizing)."""

    size: int = Field(ge=24, le=FACE_SIZE, description="Side of the small faces in pixels.")
    share: float = Field(gt=0, lt=1, description="Share of all epochs that see them.")


class Recipe(Part):
    """Every choice of a training run but the network, the data and the seed."""

    epochs: int = Field(ge=1, description="Passes over the Training split.")
    batch_size: int = Field(64, ge=2, description="Faces a step.")
    optimizer: Literal["adam", "sgd"] = Field(
        "adam", description="Adam, or SGD with Nesterov momentum 0.9."
    )
    learning_rate: Positive = Field(1e-3, description="Its peak.")
    schedule: Literal["constant", "cosine"] = Field(
        "cosine", description="Cosine: down to zero (Loshchilov and Hutter, SGDR, 2016)."
    )
    warmup: Share = Field(0.0, description="Share of all steps that climb to the peak.")
    weight_decay: NotNegative = Field(
        0.0, description="Decoupled, of kernels only (Loshchilov and Hutter, 2017)."
    )
    clip_norm: Positive | None = Field(
        None, description="Longest step: gradients above this global norm are shortened to it."
    )
    label_smoothing: Share = Field(0.0, description="Mass given to all labels (Szegedy, 2015).")
    dropout: float = Field(0.25, ge=0, lt=1, description="Rate after every block.")
    balance: Share = Field(
        0.0,
        description="Draw faces of an emotion in proportion to its count to the power of minus "
        "this: 0 as they come, 1 every emotion equally often.",
    )
    class_weights: Share = Field(
        0.0, description="The same power, as a weight of the loss instead of a draw."
    )
    votes: NotNegative = Field(
        0.0, description="Weight of a second output that learns FER+ votes, where they are given."
    )
    teaching: Share = Field(
        0.0, description="Share of the teachers' answer in every target, with --teacher."
    )
    teachers_see: Literal["augmented", "plain"] = Field(
        "augmented",
        description="What the teachers answer for: the very picture that the network sees, or, in "
        "half of a CPU's time, the plain face and its mirror image, asked once.",
    )
    growth: Growth | None = Field(
        None,
        description="Smaller faces first, of networks that take any size: edge, light, wide.",
    )
    augmentation: Augmentation = Field(default_factory=Augmentation)

    @model_validator(mode="after")
    def _warmup_has_its_schedule(self) -> Self:
        if self.schedule == "constant" and self.warmup > 0:
            raise ValueError("warmup goes with schedule: cosine; a constant rate has none")
        return self


def names() -> list[str]:
    """Return the names of the recipes that ship."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def read_recipe(name: str, **changes: Any) -> Recipe:
    """Read a recipe by name or path, with some values changed.

    Parameters
    ----------
    name
        A name from `names`, or the path of a YAML file.
    changes
        Values that take the place of the file's own; None changes nothing.

    Raises
    ------
    ConfigError
        If there is no such recipe, or a key or value is wrong.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else FOLDER / f"{name}.yaml"
    if not path.exists():
        known = ", ".join(names())
        raise ConfigError(f"no recipe {name}: choose one of {known}, or give the path of a .yaml")
    recipe = read_checked(path, Recipe)
    changed = {key: value for key, value in changes.items() if value is not None}
    try:
        return Recipe.model_validate(recipe.model_dump() | changed)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise ConfigError(f"recipe {name} with {key} {first['input']}: {first['msg']}") from None
