"""The findings on the terminal."""

from collections.abc import Iterable
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from training.explore.sections import Section, Table


def show(sections: Iterable[Section], files: Iterable[Path]) -> None:
    """Print sentences and tables, readable at 80 columns, then the files that were written."""
    console = Console(highlight=False, markup=False)
    for section in sections:
        for table in section.tables:
            if not table.listing:
                console.print(_drawn(table))
                console.print()
        for note in section.notes:
            console.print(note)
        if section.notes:
            console.print()
    for path in files:
        console.print(f"written: {path}", soft_wrap=True)


def _drawn(table: Table) -> RichTable:
    drawn = RichTable(
        title=Text(table.title),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    for number, column in enumerate(table.columns):
        drawn.add_column(Text(column), justify="right" if number else "left")
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in row))
    return drawn
