"""Folders for tests: in memory, where the system offers that."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")

ROOM = 4_000_000_000
"""Bytes that must be free there: more than the tests that write most write at a time, three of them."""


def use_memory() -> None:
    """Let the temporary files of this process and of those that it starts lie in memory, unless TMPDIR is set.

    Nothing that a test writes must outlast it, so no disk needs to write it. Memory in which no program may be run does
    not do: some tests write programs.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    status = os.statvfs(MEMORY)
    if status.f_bavail * status.f_frsize >= ROOM and not status.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # Python looks at TMPDIR once


@contextmanager
def new_folder() -> Iterator[Path]:
    """A new folder with a short name, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="sparkify-test-") as name:
        yield Path(name).resolve()
