"""What the command lines of edge, training and convert have in common."""

import os
import sys
import traceback
from pathlib import Path
from typing import Any

import click

import edge
from edge.errors import ConfigError, EdgeFerError
from edge.redact import conceal


class CommandGroup(click.Group):
    """A click group that answers an error with one line and its exit code.

    ``--debug`` before the command's name shows the traceback instead.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(
            click.Option(["--debug"], is_flag=True, help="Show tracebacks and debug logs.")
        )

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; end the process with the error's own exit code."""
        ctx.obj = {"debug": ctx.params.pop("debug", False)}
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Whoever read our output has gone; Python's own flush at the end must not complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if ctx.obj["debug"]:
                raise
            sys.exit(complain(error))


def complain(error: Exception) -> int:
    """Say what is wrong on standard error, a line each; return the exit code.

    What is neither an `EdgeFerError` nor the system's refusal is a fault of ours.
    """
    faults: tuple[object, ...] = (error,)
    if isinstance(error, ConfigError):
        faults = error.faults
    elif not isinstance(error, EdgeFerError | OSError):
        faults = (_own_fault(error),)
    for fault in faults:
        click.echo(f"error: {' '.join(str(fault).split())}", err=True)
    return error.exit_code if isinstance(error, EdgeFerError) else 1


def _own_fault(error: Exception) -> str:
    """Say where it happened; the traceback comes with ``--debug``."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f" at {Path(frame.filename).name}:{frame.lineno}" for frame in last)
    said = conceal(f"{type(error).__name__}: {error}".removesuffix(": "))
    return (
        f"a fault of edge-fer's own{where}, version {edge.__version__}: {said}; please report "
        "this line, and what the same command says with --debug after edge-fer"
    )
