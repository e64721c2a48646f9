"""The most memory that a program held, measured by itself."""

import subprocess
import sys
from typing import NamedTuple

MEASURED = """
import re, resource, sys
from pathlib import Path

def peak():
    status = Path("/proc/self/status")
    if status.exists():  # on Linux, `ru_maxrss` begins with what the process that started this one holds
        return int(re.search(r"VmHWM:\\s*(\\d+) kB", status.read_text())[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

{program}
print(peak(), file=sys.stderr)
sys.exit(code)
"""

COMMAND = """
from sparkify.cli import main
code = main(sys.argv[1:])
"""


class Measured(NamedTuple):
    """How a program ended, what it printed to stderr, and the most bytes of memory that it held."""

    exit_code: int
    err: str
    peak: int


def measured(*arguments: object, program: str = COMMAND) -> Measured:
    """Run a command line of the program, or a text of Python that sets `code`, in a process of its own."""
    command = [sys.executable, "-c", MEASURED.format(program=program), *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    err, _, peak = done.stderr.rstrip().rpartition("\n")
    return Measured(done.returncode, err, int(peak))
