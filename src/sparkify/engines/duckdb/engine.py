"""The warehouse in an embedded DuckDB file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import duckdb

from sparkify import sql_queries
from sparkify.dictionary import Comments
from sparkify.engines import clean_texts
from sparkify.engines.answer import Answer, Value
from sparkify.engines.duckdb import export, exported_files, publish, rewrite, staging
from sparkify.engines.duckdb.connection import Connection
from sparkify.engines.duckdb.errors import QUESTION_SPILL
from sparkify.engines.duckdb.file import log_of, require_writable
from sparkify.engines.engine import Source
from sparkify.engines.exports import Export
from sparkify.engines.staged import BadRecordLimit, Staged
from sparkify.engines.whole_export import ExportedFiles, Files
from sparkify.plan import Batch
from sparkify.progress import Progress
from sparkify.store import ExportStore, StoredObject

LOCKDOWN_SETTINGS = (
    f"set max_temp_directory_size = '{QUESTION_SPILL}'",
    "set enable_external_access = false",
    "set lock_configuration = true",
)
"""What keeps a connection from files, from other databases, and from changes of its settings; it may still spill."""

FETCHED_ROWS = 1_000
"""Rows of an answer that are in memory at a time, unless a column holds lists: one of them may be very long."""

COMMENTS = """
select table_name, '', comment from duckdb_tables() where database_name = current_database()
union all
select view_name, '', comment from duckdb_views() where database_name = current_database()
union all
select table_name, column_name, comment from duckdb_columns() where database_name = current_database()
"""
"""Table or view, column (empty for the table itself), and comment."""

NESTED = re.compile(r"(STRUCT|MAP|UNION)\b|.*\]$")
"""How DuckDB names the types whose values become lists and dicts in Python."""


class DuckDB(Connection):
    """The warehouse in an embedded DuckDB file."""

    _is_locked_down = False

    def ask(self, sql: str, values: Mapping[str, Value] | None = None, *, in_portions: bool = False) -> Answer:
        """See `Engine.ask`. From the first question on, the connection reaches nothing but the warehouse.

        Every answer is read in portions.
        """
        from sparkify.engines.duckdb import questions  # a load asks none

        self._lock_down()
        questions.require_reading(self, sql)
        with self.errors(self.statement_error):
            cursor = self.run(sql, values or {})
            columns = (cursor and cursor.description) or []
        names, types = [name for name, *_ in columns], [str(kind) for _, kind, *_ in columns]
        rows = self._rows(cursor, 1 if any(map(NESTED.match, types)) else FETCHED_ROWS)
        return Answer(tuple(names), tuple(types), rows).require_columns(self.address)

    def keep(self, table: str, sql: str, values: Mapping[str, Value]) -> bool:
        """See `Engine.keep`. What memory cannot hold waits on disk."""
        self._lock_down()
        with self.errors(self.statement_error):
            self.run(f"create temporary table {table} as\n{sql}", values)
        return True

    def write(self, sql: str, values: Mapping[str, Value], form: str, path: Path) -> bool:
        """See `Engine.write`. Of all files, the connection reaches this one alone."""
        from sparkify.engines.duckdb import answer_file, questions

        self.query(f"set allowed_paths = [{sql_queries.literal(str(path))}]")
        self._lock_down()
        questions.require_reading(self, sql)
        return answer_file.write(self, sql, values, form, path)

    def _lock_down(self) -> None:
        if not self._is_locked_down:
            for setting in LOCKDOWN_SETTINGS:
                self.query(setting)
        self._is_locked_down = True

    def _rows(self, cursor: duckdb.DuckDBPyConnection, at_once: int) -> Iterator[tuple[Value, ...]]:
        while True:
            with self.errors(self.statement_error):
                rows = cursor.fetchmany(at_once)
            if not rows:
                return
            yield from rows

    def stage(
        self, batch: Batch, source: Source, progress: Progress, *, careful: bool, limit: BadRecordLimit
    ) -> Staged:
        """See `Engine.stage`. What is staged is committed; the next batch empties what a killed run left there."""
        self.query(f"set search_path = '{sql_queries.STAGING_SCHEMAS[self.name]},main'")
        with self.transaction():
            staged = staging.stage(self, batch, source, progress, careful=careful, limit=limit)
            staged.cleaned_texts = clean_texts.repair(self, clean_texts.odd_texts(self))
        return staged

    def refresh_batch_views(self) -> None:
        """See `Engine.refresh_batch_views`. They are views, and show it already."""

    def after_run(self) -> None:
        """See `Engine.after_run`. The warehouse is published, if it is to be."""
        if self.published_path:
            publish.publish(self, self.published_path, self.progress)

    def after_forgetting(self) -> None:
        """See `Engine.after_forgetting`. The copy goes first, for the file that the connection has is gone then."""
        self.after_run()
        rewrite.rewrite(self, self.path)

    def examinations(self, song: StoredObject, log: StoredObject) -> Mapping[str, Callable[[], str]]:
        """See `Engine.examinations`."""
        copy = {"copy": partial(publish.examine, self.published_path)} if self.published_path else {}
        return {"rights": self._rights, **copy}

    def _rights(self) -> str:
        require_writable(self.path)
        return "the file and its folder may be written"

    def comments(self) -> Comments:
        """See `Engine.comments`."""
        return {(table, column.lower()): text for table, column, text in self.query(COMMENTS)}

    def size(self) -> int:
        """See `Engine.size`. The file, and the log beside it."""
        file = self.path.resolve()
        return sum(each.stat().st_size for each in (file, log_of(file)) if each.exists())

    def export(
        self,
        tables: Sequence[Export],
        target: str,
        done: Callable[[int], None],
        *,
        overwrite: bool,
        manifest: Callable[[Files], str] | None = None,
    ) -> None:
        """See `Engine.export`."""
        export.export(self, tables, target, done, overwrite=overwrite, manifest=manifest)

    def insert_files(self, table: str, columns: Sequence[str], store: ExportStore, files: ExportedFiles) -> int:
        """See `Engine.insert_files`."""
        return exported_files.insert(self, table, columns, store, files)
