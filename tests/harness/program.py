"""The program as a test runs it: a command line in, an exit code and two texts out."""

import io
import re
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

from sparkify.cli import main

PROGRAM = (sys.executable, "-m", "sparkify.cli")
"""The program in a process of its own: what stands before its arguments."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it printed."""

    exit_code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one sentence with which the command failed."""
        [error] = [line for line in self.err.splitlines() if line.startswith("error: ")]
        return error

    def refusal(self, exit_code: int, *words: str) -> str:
        """The sentence with which a command ended that says that it changed nothing; it holds these words."""
        assert self.exit_code == exit_code, self.err
        *_, message, stays = self.err.splitlines()
        assert message.startswith("error: "), self.err
        assert stays == "nothing was changed", self.err
        assert self.out == ""
        for word in words:
            assert word in message
        assert len(message) < 600, message
        return message

    @property
    def batches_said_to_stay(self) -> set[int]:
        """How many batches of a run that failed may stay loaded, as the last line of stderr tells the person."""
        message = self.err.splitlines()[-1]
        if message == "nothing was changed":
            return {0}
        stays = (
            r"what this run committed stays loaded \(batches: (\d+)\); run again for the rest",
            r"the run is done, and all of it stays loaded \(batches: (\d+)\)",
        )
        for pattern in stays:
            if match := re.fullmatch(pattern, message):
                return {int(match[1])}
        match = re.fullmatch(r"batches of this run that stay loaded: (\d+), or one more; run again, .*", message)
        assert match, f"the last line does not say what stays: {message!r}"
        return {int(match[1]), int(match[1]) + 1}


def run(*arguments: str) -> Outcome:
    """Run a command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            exit_code = main(arguments)
        except SystemExit as e:  # argparse refuses a command line so
            exit_code = int(e.code or 0)
    return Outcome(int(exit_code), out.getvalue(), err.getvalue())


def outcome_of(process: "subprocess.Popen[str]") -> Outcome:
    """The outcome of the program in a process of its own, which ends within a minute and shows no traceback."""
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err, err
    return Outcome(process.returncode, out, err)
