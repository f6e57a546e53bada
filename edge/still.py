"""``edge-fer image``: the faces of still pictures."""

import json
from pathlib import Path

import click
import cv2

from edge.annotate import annotate
from edge.classify import Classifier
from edge.detect import FaceFinder
from edge.errors import ConfigError, EdgeFerError
from edge.picture import decode
from edge.records import ImageArray, Reading, by_emotion


def read_stills(
    paths: tuple[Path, ...],
    as_json: bool,
    out: Path | None,
    finder: FaceFinder,
    classifier: Classifier,
) -> int:
    """Print the faces of every picture; a picture that cannot be read stops none of the others.

    Returns
    -------
    int
        The exit code: 1 if any picture could not be read, else 0.

    Raises
    ------
    ConfigError
        If an annotated picture would take the place of an original, or of another one.
    """
    targets = {path: out / f"{path.stem}.jpg" for path in paths} if out is not None else {}
    _refuse_overwriting(targets)
    failed = False
    for path in paths:
        try:
            image = read_image(path)
        except EdgeFerError as error:
            click.echo(f"error: {error}", err=True)
            failed = True
            continue
        readings = classifier.read(image, finder.find(image))
        if as_json:
            click.echo(json.dumps({"path": str(path), "faces": [r.describe() for r in readings]}))
        else:
            _print(path, readings)
        if path in targets:
            _save(targets[path], annotate(image, readings))
            click.echo(f"written to {targets[path]}", err=True)
    return int(failed)


def _refuse_overwriting(targets: dict[Path, Path]) -> None:
    sources = {path.resolve() for path in targets}
    taken: dict[Path, Path] = {}
    for path, target in targets.items():
        if target.resolve() in sources:
            raise ConfigError(f"{target} is one of the pictures: choose another folder for --out")
        if target in taken:
            raise ConfigError(f"{taken[target]} and {path} would both be written to {target}")
        taken[target] = path


def read_image(path: Path) -> ImageArray:
    """Read a picture from a file.

    Raises
    ------
    EdgeFerError
        If it is missing, damaged or no image at all.
    """
    try:
        return decode(path.read_bytes())
    except OSError as error:
        raise EdgeFerError(f"cannot read {path}: {error.strerror}") from None
    except EdgeFerError as error:
        raise EdgeFerError(f"{path} is {error}") from None


def _print(path: Path, readings: tuple[Reading, ...]) -> None:
    count = len(readings)
    click.echo(f"{path}: {count} face{'' if count == 1 else 's'}")
    for reading in readings:
        box = reading.box
        others = "  ".join(f"{e} {p:.2f}" for e, p in by_emotion(reading.probabilities).items())
        click.echo(
            f"  {reading.label} {reading.confidence:.0%} at {box.x},{box.y} "
            f"{box.width}x{box.height}  ({others})"
        )


def _save(path: Path, image: ImageArray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _, data = cv2.imencode(".jpg", image)
    path.write_bytes(data.tobytes())
