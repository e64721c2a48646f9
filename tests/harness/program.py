"""The program as a test runs it: a command line in, an exit code and two texts out."""

import io
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple

from sparkify.cli import main


class Outcome(NamedTuple):
    """How a command ended, and what it printed."""

    exit_code: int
    out: str
    err: str


def run(*arguments: str) -> Outcome:
    """Run a command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            exit_code = main(arguments)
        except SystemExit as e:  # argparse refuses a command line so
            exit_code = int(e.code or 0)
    return Outcome(int(exit_code), out.getvalue(), err.getvalue())
