"""A connection to a DuckDB file: statements, transactions, and DuckDB's errors as this program's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress

import duckdb

from sparkify import sql_queries
from sparkify.config import Config
from sparkify.engines.answer import Rows, Value
from sparkify.engines.duckdb.errors import BAD_RECORD_ERRORS, RESOURCE_ERRORS, explained
from sparkify.engines.duckdb.file import OpenFile, identity, is_utf8, log_of, require_database
from sparkify.engines.duckdb.interrupts import Interrupts
from sparkify.engines.duckdb.opening import opened, spill_folder
from sparkify.engines.engine import CarefulReadingNeededError
from sparkify.errors import AccessError, LoadError, SparkifyError, StatementError
from sparkify.progress import Progress

MEMORY_OF_A_THREAD = 100_000_000
"""Bytes of `[DUCKDB] MEMORY_LIMIT` for each thread: one that reads JSON takes up to 65 MB (measured), which cannot wait
on disk."""


class Connection:
    """A DuckDB file, held by this process alone until it is closed."""

    name = "duckdb"
    records_idle_runs = True

    def __init__(self, config: Config, progress: Progress, *, read_only: bool = False) -> None:
        """Open the file, or make it; wait at most `lock_timeout` seconds for another process that holds it.

        `read_only` makes DuckDB refuse any change, and lets others read at the same time.

        Raises:
            AccessError: it is held by another process for longer, or cannot be opened.
        """
        self.address = str(config.duckdb_path)
        self.path = config.duckdb_path
        self.published_path = config.publish
        if not is_utf8(self.address):
            raise AccessError(
                f"{self.address}: the path is not UTF-8, as DuckDB needs it; set [DUCKDB] PATH to another"
            )
        self.progress = progress
        settings = {"memory_limit": f"{config.memory_limit} B"}
        require_database(self.path)
        self._opened = ExitStack()
        self._is_new = identity(self.path) is None
        try:
            if read_only:
                settings["temp_directory"] = self._opened.enter_context(spill_folder(self.path))
            self._connection = opened(self.path, settings, config.lock_timeout, progress, read_only)
            self._opened.callback(self._connection.close)
            self._file = OpenFile(self.path)
            self._interrupts = Interrupts(self._connection.interrupt)
            self._opened.callback(self._interrupts.close)
            # DuckDB takes a thread for each processor that it may use, however little memory there is.
            [(processors,)] = self.query("select current_setting('threads')")
            self.query(f"set threads = {max(1, min(processors, config.memory_limit // MEMORY_OF_A_THREAD))}")
            # DuckDB counts how far it is, and draws no bar of its own on the terminal's stdout.
            self.query("set enable_progress_bar_print = false")
            self.query("set enable_progress_bar = true")
            # Times are UTC whatever the machine's time zone is, in the user's SQL too.
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
        with self.errors(self._load_error):
            return self.run(sql, values or {}).fetchall()

    def each(self, sql: str, take: Callable[..., object]) -> None:
        """See `Engine.each`."""
        with self.errors(self._load_error):
            cursor = self.run(sql, {})
            while row := cursor.fetchone():
                take(*row)

    def read_json(self, sql: str, values: Mapping[str, Value] | None = None) -> Rows:
        """The rows of a statement that reads JSON.

        Raises:
            CarefulReadingNeededError: a record is bad, which ended the transaction.
        """
        with self.errors(self._reading_error):
            return self.run(sql, values or {}).fetchall()

    def run(self, sql: str, values: Mapping[str, Value]) -> duckdb.DuckDBPyConnection:
        """Run a statement with the values that it names; its rows are still to be fetched."""
        with self.progress.statement(sql):
            return self._connection.execute(sql, _used(sql, values))

    def percentage(self) -> float | None:
        """See `Engine.percentage`."""
        done = self._connection.query_progress()
        return done if done >= 0 else None

    def columns(self, sql: str, values: Mapping[str, Value]) -> list[tuple[str, str]]:
        """The columns of the rows of a statement with their types, without running it; none if it is no question."""
        # An error would end the transaction in hand; a cursor has one of its own.
        with self._connection.cursor() as cursor, suppress(duckdb.Error):
            rows = cursor.execute(f"describe {sql}", _used(sql, values)).fetchall()
            return [(name, kind) for name, kind, *_ in rows]
        return []

    def statement_kinds(self, sql: str) -> list[str]:
        """The kind of each statement in a text, as DuckDB's parser names it: SELECT, COPY, EXPLAIN ...

        Raises:
            StatementError: DuckDB cannot parse it.
        """
        try:
            with self.errors(self.statement_error):
                return [statement.type.name for statement in self._connection.extract_statements(sql)]
        except ValueError as e:  # a kind that DuckDB's client does not know
            raise StatementError(f"{self.address}: DuckDB cannot read this statement ({e})") from e

    @contextmanager
    def errors(self, translated: Callable[[Exception], SparkifyError]) -> Iterator[None]:
        """Translate DuckDB's errors, and raise its interrupts as KeyboardInterrupt."""
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
            # DuckDB cuts the record that it quotes in a message, sometimes within a character.
            raise translated(e) from e

    def _load_error(self, e: Exception) -> SparkifyError:
        return LoadError(f"{self.address}: {explained(e, self.address)}")

    def _reading_error(self, e: Exception) -> SparkifyError:
        if isinstance(e, BAD_RECORD_ERRORS):
            return CarefulReadingNeededError("DuckDB finds a record bad")
        return self._load_error(e)

    def statement_error(self, e: Exception) -> SparkifyError:
        """An error of a statement that a user wrote."""
        return self._load_error(e) if isinstance(e, RESOURCE_ERRORS) else StatementError(f"{self.address}: {e}")

    def insert(self, table: str, rows: Sequence[Sequence[Value]]) -> None:
        """See `Engine.insert`. A column goes to DuckDB as one list, or as one value when its rows do not differ."""
        if not rows:
            return
        kinds = sql_queries.columns(table)
        columns = dict(zip(kinds, zip(*rows, strict=True), strict=True))
        lists = [name for name, column in columns.items() if column.count(column[0]) != len(column)] or [*columns][:1]
        bound: list[str] = []
        selected: list[str] = []
        values: dict[str, Value] = {}
        for name, kind in kinds.items():
            is_list = name in lists
            values[name] = list(columns[name]) if is_list else columns[name][0]
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

    def after_commit(self) -> None:
        """Write the log into the file, so that a crash leaves nothing to replay (see the CHECKPOINT statement)."""
        self.query("checkpoint")
        self._file.require_in_place()

    def discard_new(self) -> None:
        """See `Engine.discard_new`. It is deleted before it is closed, while nobody else can open it."""
        with suppress(LoadError, OSError):
            if self._is_new and not self.query("select 1 from duckdb_tables() limit 1"):
                file = self.path.resolve()
                for path in (file, log_of(file)):
                    path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let other processes have the file."""
        # A Ctrl-C while the file is closed must not forget the error in hand, as `ExitStack.close` would.
        self._opened.__exit__(*sys.exc_info())


def _used(sql: str, values: Mapping[str, Value]) -> dict[str, Value] | None:
    """The values that a statement names."""
    names = sql_queries.parameters(sql) if values else ()
    return {name: value for name, value in values.items() if name in names} or None
