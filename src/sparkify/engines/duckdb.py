"""The warehouse in an embedded DuckDB file."""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from sparkify import sql_queries
from sparkify.config import Config
from sparkify.engines import (
    Answer,
    Export,
    Rows,
    Source,
    Staged,
    TryAgainError,
    Value,
    duckdb_export,
    duckdb_staging,
)
from sparkify.engines.duckdb_file import OpenFile, require_database
from sparkify.engines.duckdb_interrupts import Interrupts
from sparkify.errors import AccessError, LoadError, StatementError
from sparkify.plan import Batch
from sparkify.progress import Progress
from sparkify.store import StoredObject

BAD_RECORD = (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.ConstraintException, UnicodeDecodeError)
"""What DuckDB raises when it cannot make a row of a record."""

NO_ROOM = (duckdb.IOException, duckdb.FatalException, duckdb.TransactionException)
"""What DuckDB raises when it cannot write its file: in a statement, in a checkpoint, in a commit."""

SETTINGS = {
    # What is new is written as DuckDB 1.4 reads it, for the tools of today; a file that is there keeps its version.
    "storage_compatibility_version": "v1.4.0",
    # Nothing is fetched from the network: what the program needs is part of DuckDB.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    # Rows need no order, and giving it up lets DuckDB write them in parallel and in less memory.
    "preserve_insertion_order": "false",
    # A batch goes into the file at its commit, and is not written into the log before.
    "checkpoint_threshold": "1 MB",
    "auto_checkpoint_skip_wal_threshold": "0",
}

NOT_TAKEN_FOR_THE_MACHINE = (duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException)
"""What DuckDB raises when a question fails for what it needs, and not for what it says."""

QUESTION_SPILL = "10 GB"
"""Room on disk that a question may take for what does not fit into `[DUCKDB] MEMORY_LIMIT`."""

FETCHED_ROWS = 1_000
"""Rows of an answer that are in memory at a time, unless a column holds lists: one of them may be very long."""

NESTED = re.compile(r"(STRUCT|MAP|UNION)\b|.*\]$")
"""How DuckDB names the types whose values become lists and dicts in Python."""

RETRY_EVERY = 0.2
"""Seconds between two attempts to open a file that another process holds."""


class DuckDB:
    """A DuckDB file, held by this process alone until it is closed."""

    name = "duckdb"

    def __init__(self, config: Config, progress: Progress, *, read_only: bool = False) -> None:
        """Open the file, or make it; wait at most `lock_timeout` seconds for another process that holds it.

        `read_only` makes DuckDB refuse any change, and lets others read at the same time.

        Raises:
            AccessError: it is held by another process for longer, or cannot be opened.
        """
        self.place = str(config.duckdb_path)
        self._path = config.duckdb_path
        self._progress = progress
        settings = {**SETTINGS, "memory_limit": f"{config.memory_limit} B"}
        self._is_shut_off = False
        require_database(config.duckdb_path)
        self._opened = ExitStack()
        try:
            if read_only:
                settings["temp_directory"] = self._opened.enter_context(_spill_folder(config.duckdb_path))
            self._connection = _open(config.duckdb_path, settings, config.lock_timeout, progress, read_only)
            self._opened.callback(self._connection.close)
            self._file = OpenFile(config.duckdb_path)
            self._interrupts = Interrupts(self._connection.interrupt)
            self._opened.callback(self._interrupts.close)
            # DuckDB would draw a bar of its own on stdout in a process that it takes for a person's.
            self.query("set enable_progress_bar = false")
            # Times are UTC whatever the machine's time zone is, in SQL of one's own too.
            self.query("set TimeZone = 'UTC'")
        except BaseException:
            self.close()
            raise

    def execute(self, sql: str, values: Mapping[str, Value] | None = None) -> int:
        """See `Engine.execute`."""
        rows = self.query(sql, values)
        return int(rows[0][0]) if rows else 0

    def query(self, sql: str, values: Mapping[str, Value] | None = None) -> Rows:
        """See `Engine.query`."""
        with self._faults():
            return self._run(sql, values or {}).fetchall()

    def ask(self, sql: str, values: Mapping[str, Value] | None = None) -> Answer:
        """See `Engine.ask`. From the first question on, the connection is shut off from all but the warehouse."""
        self._shut_off()
        from sparkify.engines import duckdb_questions  # a load asks none

        duckdb_questions.require_reading(self, sql)
        with self._faults(of_a_person=True):
            found = self._run(sql, values or {})
            columns = (found and found.description) or []
        names, types = [name for name, *_ in columns], [str(kind) for _, kind, *_ in columns]
        rows = self._rows(found, 1 if any(map(NESTED.match, types)) else FETCHED_ROWS)
        return Answer(tuple(names), tuple(types), rows).require_columns(self.place)

    def _shut_off(self) -> None:
        """Keep the connection from files and other databases, and from changes of its settings; it may still spill."""
        if self._is_shut_off:
            return
        with self._faults():
            self._connection.execute(f"set max_temp_directory_size = '{QUESTION_SPILL}'")
            self._connection.execute("set enable_external_access = false")
            self._connection.execute("set lock_configuration = true")
        self._is_shut_off = True

    def statement_kinds(self, sql: str) -> list[str]:
        """The kind of each statement in a text, as DuckDB's parser names it: SELECT, COPY, EXPLAIN ...

        Raises:
            StatementError: DuckDB cannot parse it.
        """
        with self._faults(of_a_person=True):
            return [statement.type.name for statement in self._connection.extract_statements(sql)]

    def _rows(self, found: duckdb.DuckDBPyConnection, at_once: int) -> Iterator[tuple[Value, ...]]:
        while True:
            with self._faults(of_a_person=True):
                some = found.fetchmany(at_once)
            if not some:
                return
            yield from some

    @contextmanager
    def _faults(self, *, of_a_person: bool = False) -> Iterator[None]:
        """Tell what DuckDB raises in words of ours; a statement of a person's that it does not take is their fault."""
        try:
            with self._interrupts.statement():
                yield
        except duckdb.InterruptException as e:
            raise KeyboardInterrupt from e
        except RuntimeError as e:
            # A Ctrl-C within a statement comes as an error that only its words tell from others.
            if "interrupted" in str(e):
                raise KeyboardInterrupt from e
            raise
        except (duckdb.Error, UnicodeDecodeError) as e:
            if of_a_person and not isinstance(e, NOT_TAKEN_FOR_THE_MACHINE):
                raise StatementError(f"{self.place}: {e}") from e
            # DuckDB cuts the record that it quotes in a message, sometimes within a character.
            raise LoadError(f"{self.place}: {_explained(e)}") from e

    def read_json(self, sql: str, values: Mapping[str, Value] | None = None) -> Rows:
        """The rows of a statement that reads JSON and may find it bad.

        Raises:
            TryAgainError: it did, which ended the transaction.
        """
        try:
            return self.query(sql, values)
        except LoadError as e:
            if isinstance(e.__cause__, BAD_RECORD):
                raise TryAgainError("DuckDB finds a record bad") from e
            raise

    def _run(self, sql: str, values: Mapping[str, Value]) -> duckdb.DuckDBPyConnection:
        names = sql_queries.parameters(sql) if values else ()
        used = {name: value for name, value in values.items() if name in names}
        with self._progress.statement(sql):
            return self._connection.execute(sql, used or None)

    def insert(self, table: str, rows: Sequence[Sequence[Value]]) -> None:
        """See `Engine.insert`. A column goes to DuckDB as one list, or as one value when its rows do not differ."""
        if not rows:
            return
        bound: list[str] = []
        selected: list[str] = []
        values: dict[str, Value] = {}
        for (name, kind), column in zip(sql_queries.columns(table).items(), zip(*rows, strict=True), strict=True):
            is_list = not bound or column.count(column[0]) != len(column)
            values[name] = list(column) if is_list else column[0]
            bound.append(f"${name}::{kind}{'[]' if is_list else ''} as {name}")
            selected.append(f"unnest({name})" if is_list else name)
        self.execute(f'insert into "{table}" select {", ".join(selected)} from (select {", ".join(bound)})', values)

    def lock(self) -> None:
        """See `Engine.lock`. The file is this process's alone."""

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
        self._file.require_in_place()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See `Engine.snapshot`."""
        self.query("begin transaction read only")
        try:
            yield
        finally:
            self._roll_back()

    def _roll_back(self) -> None:
        # A commit that failed has ended its transaction already, and closing the file ends any other.
        with suppress(LoadError):
            self.query("rollback")

    def stage(self, batch: Batch, source: Source, progress: Progress, *, careful: bool, most_bad: int) -> Staged:
        """See `Engine.stage`."""
        return duckdb_staging.stage(self, batch, source, progress, careful=careful, most_bad=most_bad)

    def examinations(self, song: StoredObject, log: StoredObject) -> Mapping[str, Callable[[], str]]:
        """See `Engine.examinations`. A file needs nothing more."""
        return {}

    def size(self) -> int:
        """See `Engine.size`. The file, and the log beside it."""
        log = self._path.with_name(f"{self._path.name}.wal")
        return sum(file.stat().st_size for file in (self._path, log) if file.exists())

    def export(self, tables: Sequence[Export], place: str, done: Callable[[int], None], *, overwrite: bool) -> None:
        """See `Engine.export`."""
        duckdb_export.export(self, tables, place, done, overwrite=overwrite)

    def tidy(self) -> None:
        """Write the log into the file, so that a crash leaves nothing to replay (see the CHECKPOINT statement)."""
        self.query("checkpoint")
        self._file.require_in_place()

    def close(self) -> None:
        """Let other processes have the file."""
        # A Ctrl-C while the file is closed must not forget the error in hand, as `ExitStack.close` would.
        self._opened.__exit__(*sys.exc_info())


def _explained(e: Exception) -> str:
    """What DuckDB says, in one line, and what to do about it."""
    text = (str(e).strip().splitlines() or [type(e).__name__])[0]
    if "max_temp_directory_size" in str(e):
        fix = "ask for less at a time, or raise [DUCKDB] MEMORY_LIMIT"
        return f"a question may take {QUESTION_SPILL} on disk beside its memory; {fix} ({text})"
    if isinstance(e, duckdb.OutOfMemoryException):
        fix = "raise [DUCKDB] MEMORY_LIMIT, or lower [ETL] BATCH_SIZE if it is a load"
        return f"DuckDB ran out of memory or of room for what does not fit in it; {fix} ({text})"
    if isinstance(e, NO_ROOM):
        return f"the file cannot be written or read; make room on the disk and look at its rights ({text})"
    return f"DuckDB stopped; run again, and report this if it stays ({text})"


def _spill_folder(path: Path) -> tempfile.TemporaryDirectory[str]:
    """A private folder for what a reader's memory cannot hold: beside the file, or where temporary files belong.

    DuckDB's own, `PATH.tmp`, would be the same for all readers, and DuckDB lets statements read and write there.
    """
    try:
        return tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent)
    except OSError:
        return tempfile.TemporaryDirectory()


def _open(
    path: Path, settings: dict[str, Any], lock_timeout: float, progress: Progress, read_only: bool
) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + lock_timeout
    said = False
    while True:
        try:
            return duckdb.connect(path, read_only=read_only, config=settings)
        except duckdb.Error as e:
            holder = re.search(r"Conflicting lock is held in (.*?)\s*\(PID (\d+)\)", str(e))
            if "Could not set lock" not in str(e):
                fix = "make room on the disk, look at its rights, or set [DUCKDB] PATH to another file"
                raise AccessError(f"{path}: the warehouse cannot be opened; {fix} ({str(e).splitlines()[0]})") from e
            name = f"{holder[1]} (process {holder[2]})" if holder else "another process"
            if time.monotonic() >= deadline:
                fix = "close it there, or raise [ETL] LOCK_TIMEOUT"
                raise AccessError(f"{path}: held by {name} for over {lock_timeout:g} seconds; {fix}") from e
            if not said:
                progress.say(f"{path} is held by {name}; waiting up to {lock_timeout:g} seconds")
                said = True
            time.sleep(RETRY_EVERY)
