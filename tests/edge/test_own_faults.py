"""A fault of our own: one line that says so, and the traceback for those who ask."""

import click
import pytest
from click.testing import CliRunner, Result

from edge.command import CommandGroup


@click.group(cls=CommandGroup)
def tool() -> None:
    """Do as edge-fer does."""


@tool.command()
def stumble() -> None:
    """Meet what nobody thought of."""
    raise LookupError("no key\nfor rtsp://me:hunter2@10.0.0.5/x")


@tool.command()
@click.argument("number", type=int)
def count(number: int) -> None:
    """Take what click checks."""


def call(*arguments: str) -> Result:
    return CliRunner().invoke(tool, arguments)


def test_a_fault_of_our_own_is_one_line_that_says_how_to_report_it() -> None:
    done = call("stumble")
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: a fault of edge-fer's own at test_own_faults.py:")
    assert "LookupError: no key for rtsp://10.0.0.5/x; please report" in line
    assert "hunter2" not in line


def test_debug_shows_the_traceback() -> None:
    assert isinstance(call("--debug", "stumble").exception, LookupError)


@pytest.mark.parametrize(("arguments", "code"), [(("count", "x"), 2), (("--help",), 0)])
def test_click_answers_wrong_usage_itself(arguments: tuple[str, ...], code: int) -> None:
    done = call(*arguments)
    assert done.exit_code == code
    assert "fault of edge-fer" not in done.output
