"""The model's contract: a ``.tflite`` and the ``.json`` that describes it."""

import hashlib
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.classify.golden import GoldenVector
from edge.emotions import EMOTIONS, FACE_SIZE
from edge.errors import ConfigError, EdgeFerError

SHIPPED_MODELS: Final = Path(__file__).parent.parent / "models"

INPUT_SHAPE: Final = (1, FACE_SIZE, FACE_SIZE, 1)
OUTPUT_SHAPE: Final = (1, len(EMOTIONS))


Quantization = Literal["int8", "float16", "float32", "dynamic"]


class ModelError(EdgeFerError):
    """A model cannot be run.

    It is damaged or breaks the contract, or its runtime or delegate is missing, fails, or gives
    other answers.
    """


class ModelDescription(BaseModel):
    """The JSON beside a model: what it is, and what was measured of that very file.

    Attributes
    ----------
    accuracy
        Fraction of images right, by split, of the file itself, one crop an image.
    temperature
        Divides the logits to calibrate the confidence; 1.0 changes nothing.
    golden
        Faces and the answers of the file itself, which every runtime and delegate must give.
    versions
        Of the programs that made it.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    architecture: str
    quantization: Quantization
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(gt=0)
    labels: tuple[str, ...]
    data: str
    accuracy: dict[str, float]
    temperature: float = Field(default=1.0, gt=0)
    golden: tuple[GoldenVector, ...] = Field(min_length=1)
    versions: dict[str, str]


def find_model(name: str, base: Path = Path()) -> Path:
    """Return the ``.tflite`` file for a shipped model's name or a path.

    Parameters
    ----------
    name
        Such as ``fer-deep-int8``, or a path that ends in ``.tflite``.
    base
        Folder that a relative path starts from.

    Raises
    ------
    ConfigError
        If there is no such model.
    """
    if name.endswith(".tflite"):
        path = base / Path(name).expanduser()
        if not path.is_file():
            raise ConfigError(f"no model file at {path}")
        return path
    path = SHIPPED_MODELS / f"{name}.tflite"
    if not path.is_file():
        shipped = ", ".join(sorted(file.stem for file in SHIPPED_MODELS.glob("*.tflite")))
        raise ConfigError(
            f"no model named {name!r}: choose one of {shipped or '(none is installed)'}, "
            "or give the path of a .tflite file"
        )
    return path


def read_model(path: Path) -> tuple[bytes, ModelDescription]:
    """Read a model and its description, and check that they belong together.

    Raises
    ------
    ModelError
        If either is missing or damaged, or the labels are not in FER-2013 order.
    """
    json_path = path.with_suffix(".json")
    try:
        content = path.read_bytes()
        description = ModelDescription.model_validate_json(json_path.read_bytes())
    except OSError as error:
        raise ModelError(f"cannot read the model: {error.strerror}: {error.filename}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "file"
        raise ModelError(f"{json_path}: {place}: {first['msg']}: convert the model anew") from None
    if description.labels != EMOTIONS:
        raise ModelError(
            f"{json_path} lists the labels {', '.join(description.labels)}: "
            f"the model must give {', '.join(EMOTIONS)}, in this order"
        )
    if hashlib.sha256(content).hexdigest() != description.sha256:
        raise ModelError(
            f"{path} has {len(content)} bytes that do not match the SHA-256 in {json_path.name} "
            f"({description.bytes} bytes): the file is damaged or not the one described; "
            "copy both files again"
        )
    return content, description
