"""Open a DuckDB file with the program's settings, when no other process holds it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from sparkify.engines.duckdb.errors import not_opened
from sparkify.engines.duckdb.file import identity
from sparkify.engines.engine import HeldError
from sparkify.errors import AccessError
from sparkify.private_folders import private_folder
from sparkify.progress import Progress

SETTINGS = {
    # New files are written as DuckDB 1.4 reads them, for the tools of today; a file that is there keeps its version.
    "storage_compatibility_version": "v1.4.0",
    # Nothing is fetched from the network: what the program needs is part of DuckDB.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    # Rows need no order, and without it DuckDB writes them in parallel and in less memory.
    "preserve_insertion_order": "false",
    # A batch goes into the file at its commit, and is not written into the log before.
    "checkpoint_threshold": "1 MB",
    "auto_checkpoint_skip_wal_threshold": "0",
}

RETRY_EVERY = 0.2
"""Seconds between two attempts to open a file that another process holds."""


def opened(
    path: Path, settings: dict[str, Any], lock_timeout: float, progress: Progress, read_only: bool
) -> duckdb.DuckDBPyConnection:
    """A connection to a file, which is made where there is none; another process that holds it may take a while.

    `settings` are those of this connection, besides `SETTINGS`.

    Raises:
        HeldError: it is held for longer than `lock_timeout` seconds.
        AccessError: it cannot be opened.
    """
    deadline = time.monotonic() + lock_timeout
    is_reported = False
    while True:
        before = identity(path)
        try:
            connection = duckdb.connect(path, read_only=read_only, config=SETTINGS | settings)
            if before is None or identity(path) in (None, before):
                return connection
            connection.close()  # meanwhile another process has put a new file there, which is the warehouse now
        except duckdb.Error as e:
            holder = re.search(r"Conflicting lock is held in (.*?)\s*\(PID (\d+)\)", str(e))
            if "Could not set lock" not in str(e):
                raise AccessError(f"{path}: {not_opened(e, str(path))}") from e
            name = f"{holder[1]} (process {holder[2]})" if holder else "another process"
            if time.monotonic() >= deadline:
                fix = "close it there, or raise [ETL] LOCK_TIMEOUT"
                raise HeldError(f"{path}: held by {name} for over {lock_timeout:g} seconds; {fix}") from e
            if not is_reported:
                progress.say(f"{path} is held by {name}; waiting up to {lock_timeout:g} seconds")
                is_reported = True
            time.sleep(RETRY_EVERY)


@contextmanager
def spill_folder(path: Path) -> Iterator[str]:
    """A private folder for what a reader's memory cannot hold: beside the file, or where temporary files belong.

    DuckDB's own, `PATH.tmp`, would be the same for all readers, and DuckDB lets statements read and write there. The
    name is empty where nothing may be written, as in a container: a question that needs more than memory fails there.
    """
    with ExitStack() as made:
        name = ""
        for folder in (path.parent, None):
            if not name:
                with suppress(OSError):
                    name = str(made.enter_context(private_folder(folder)) / "spill")
        yield name
