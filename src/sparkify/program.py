"""How the person started the program, and so by which names messages call its commands."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

SCRIPTS = {"create-tables": "create_tables.py", "etl": "etl.py"}
"""The commands that have a script of their own in a clone."""


def command(name: str) -> str:
    """A command as the person can type it: `sparkify etl`, or `etl.py` if one of the scripts was started.

    Who starts the scripts may not have `sparkify` on the PATH, and who installed a wheel has no scripts.
    """
    is_script = Path(sys.argv[0]).name in SCRIPTS.values()
    return SCRIPTS[name] if is_script and name in SCRIPTS else f"sparkify {name}"


def executable() -> str:
    """The program as a shell finds it from any folder: `sparkify`, or its path if that name leads elsewhere."""
    started = os.path.abspath(sys.argv[0])
    on_path = shutil.which("sparkify")
    is_found = on_path is not None and os.path.realpath(on_path) == os.path.realpath(started)
    return "sparkify" if is_found or Path(started).name != "sparkify" else shlex.quote(started)
