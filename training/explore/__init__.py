"""A look at a data set before anything is trained on it.

`findings.look` finds (`counts`, `duplicates`, `near`, `agreement`), `sections` puts it into words
and tables, `pictures` draws, `terminal` and `page` show.
"""

import json
from pathlib import Path

import click

from edge.errors import EdgeFerError
from training.data import DataSet
from training.explore.findings import describe, look
from training.explore.page import write_page
from training.explore.pictures import draw
from training.explore.sections import sections
from training.explore.terminal import show
from training.figures import save_png

__all__ = ["explore"]


def explore(data: DataSet, out: Path, as_json: bool) -> None:
    """Find out what is in a data set; say it on standard output, in pictures and on a page.

    Parameters
    ----------
    data
        The faces.
    out
        Folder for the PNG files and ``index.html``; made where it is missing.
    as_json
        Print one JSON object instead of tables.

    Raises
    ------
    EdgeFerError
        If something cannot be written to `out`.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        found = look(data)
        said = sections(data, found)
        pictures = [(picture, out / f"{picture.name}.png") for picture in draw(data, found)]
        for picture, path in pictures:
            save_png(picture.figure, path)
        page = out / "index.html"
        write_page(page, data, said, pictures)
    except OSError as error:
        raise EdgeFerError(f"cannot write to the folder {out}: {error.strerror}") from None
    files = [page, *(path for _, path in pictures)]
    if as_json:
        told = {"path": str(data.path), **describe(found), "left_out": data.left_out}
        click.echo(json.dumps(told | {"files": [str(path) for path in files]}))
    else:
        show(said, files)
