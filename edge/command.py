"""What the command lines of edge, training and convert have in common."""

import os
import sys
from typing import Any

import click

from edge.errors import ConfigError, EdgeFerError


class CommandGroup(click.Group):
    """A click group that answers an `EdgeFerError` with one line and its exit code.

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
        except (EdgeFerError, OSError) as error:
            if ctx.obj["debug"]:
                raise
            sys.exit(complain(error))


def complain(error: EdgeFerError | OSError) -> int:
    """Say what is wrong on standard error, a line each; return the exit code."""
    for fault in error.faults if isinstance(error, ConfigError) else (error,):
        click.echo(f"error: {' '.join(str(fault).split())}", err=True)
    return error.exit_code if isinstance(error, EdgeFerError) else 1
