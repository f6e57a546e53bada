"""The findings as one HTML page that needs no other file."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader

from edge.whole_file import whole_file
from training.data import DataSet
from training.explore.pictures import Picture
from training.explore.sections import Section

PIXELS_AN_INCH: Final = 75
"""A face of one inch is no smaller than this, and a line below it can be read."""


@dataclass(frozen=True)
class _Inline:
    """A picture as the page holds it."""

    section: str
    caption: str
    width: int
    data: str


def write_page(
    path: Path, data: DataSet, sections: Sequence[Section], pictures: Sequence[tuple[Picture, Path]]
) -> None:
    """Write the page.

    Parameters
    ----------
    path
        Where to.
    data
        The faces, for the heading.
    sections
        What the page says.
    pictures
        Pictures and the PNG files that they were written to.

    Raises
    ------
    OSError
        If the page cannot be written.
    """
    environment = Environment(loader=PackageLoader("training.explore"), autoescape=True)
    html = environment.get_template("page.html").render(
        name=data.path.name,
        faces=sum(map(len, data.splits.values())),
        sections=sections,
        pictures=[
            _Inline(
                picture.section,
                picture.caption,
                round(picture.figure.get_figwidth() * PIXELS_AN_INCH),
                b64encode(png.read_bytes()).decode(),
            )
            for picture, png in pictures
        ],
    )
    with whole_file(path) as new:
        new.write_text(html, encoding="utf-8")
