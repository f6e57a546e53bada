"""Commands run to their end in the tests' own process: a new one imports TensorFlow for seconds."""

import subprocess
from pathlib import Path

import click
from click.testing import CliRunner


def invoke(command: click.Command, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command as its process would; an exception that it lets out fails the test.

    What a new process has of its own, the Keras backend and limits of the system, it cannot show.
    """
    words = [str(argument) for argument in arguments]
    done = CliRunner().invoke(command, words, catch_exceptions=False)
    return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)
