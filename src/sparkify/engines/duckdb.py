"""The warehouse in an embedded DuckDB file."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from sparkify import sql_queries
from sparkify.engines import Rows, Source, Staged, Value, duckdb_staging
from sparkify.errors import AccessError
from sparkify.plan import Batch
from sparkify.progress import Progress

RETRY_EVERY = 0.2
"""Seconds between two attempts to open a file that another process holds."""


class DuckDB:
    """A DuckDB file, held by this process alone until it is closed."""

    def __init__(self, path: Path, lock_timeout: float, progress: Progress) -> None:
        """Open the file, or make it; wait at most `lock_timeout` seconds for another process that holds it.

        Raises:
            AccessError: it is held by another process for longer, or cannot be opened.
        """
        self.place = str(path)
        self._connection = _open(path, lock_timeout, progress)
        # Rows need no order, and giving it up lets DuckDB write them in parallel and in less memory.
        self._connection.execute("set preserve_insertion_order = false")

    def execute(self, sql: str, values: Mapping[str, Value] | None = None) -> int:
        """See `Engine.execute`."""
        rows = self.query(sql, values)
        return int(rows[0][0]) if rows else 0

    def query(self, sql: str, values: Mapping[str, Value] | None = None) -> Rows:
        """See `Engine.query`."""
        used = {name: value for name, value in (values or {}).items() if re.search(rf"\${name}\b", sql)}
        return self._connection.execute(sql, used or None).fetchall()

    def insert(self, table: str, rows: Sequence[Sequence[Value]]) -> None:
        """See `Engine.insert`."""
        columns = sql_queries.columns(table)
        values = {name: [row[n] for row in rows] for n, name in enumerate(columns)}
        lists = ", ".join(f"unnest(${name}::{kind}[])" for name, kind in columns.items())
        if rows:
            self.execute(f'insert into "{table}" select {lists}', values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See `Engine.transaction`."""
        self.query("begin transaction")
        try:
            yield
            self.query("commit")
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        try:
            self.query("rollback")
        except duckdb.Error:
            # A commit that failed has ended its transaction already, and closing the file ends any other.
            return

    def stage(self, batch: Batch, source: Source, progress: Progress, *, careful: bool) -> Staged:
        """See `Engine.stage`."""
        return duckdb_staging.stage(self, batch, source, progress, careful=careful)

    def tidy(self) -> None:
        """Write the log into the file, so that a crash leaves nothing to replay (see the CHECKPOINT statement)."""
        self.query("checkpoint")

    def close(self) -> None:
        """Let other processes have the file."""
        self._connection.close()


def _open(path: Path, lock_timeout: float, progress: Progress) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + lock_timeout
    said = False
    while True:
        try:
            return duckdb.connect(path)
        except duckdb.IOException as e:
            holder = re.search(r"Conflicting lock is held in (.*?)\s*\(PID (\d+)\)", str(e))
            if "Could not set lock" not in str(e):
                raise AccessError(f"{path}: the warehouse cannot be opened: {str(e).splitlines()[0]}") from e
            name = f"{holder[1]} (process {holder[2]})" if holder else "another process"
            if time.monotonic() >= deadline:
                fix = "close it there, or raise [ETL] LOCK_TIMEOUT"
                raise AccessError(f"{path}: held by {name} for over {lock_timeout:g} seconds; {fix}") from e
            if not said:
                progress.say(f"{path} is held by {name}; waiting up to {lock_timeout:g} seconds")
                said = True
            time.sleep(RETRY_EVERY)
