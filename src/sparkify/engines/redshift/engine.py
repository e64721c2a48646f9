"""The warehouse in Amazon Redshift, provisioned or Serverless."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from redshift_connector.error import ProgrammingError

from sparkify import sql_queries
from sparkify.config import Cluster, Config
from sparkify.dictionary import Comments
from sparkify.engines import clean_texts
from sparkify.engines.answer import Answer, Value
from sparkify.engines.engine import CarefulReadingNeededError, Source
from sparkify.engines.exports import Export
from sparkify.engines.redshift import (
    batch_tables,
    export,
    exported_files,
    lock,
    parameters,
    portions,
    prefixes,
    questions,
    staging,
)
from sparkify.engines.redshift.connection import Connection
from sparkify.engines.redshift.copy import copy_rows
from sparkify.engines.redshift.errors import is_user_error, translated, words
from sparkify.engines.redshift.work import Work
from sparkify.engines.staged import BadRecordLimit, Staged
from sparkify.engines.whole_export import ExportedFiles, Files
from sparkify.errors import AccessError, StatementError
from sparkify.plan import Batch
from sparkify.progress import Progress
from sparkify.store import ExportStore, StoredObject

INSERTED_ROWS = 100
"""Rows that are inserted by one statement; more go through a file in WORK."""

COMMENTS = """
select c.relname, coalesce(cast(a.attname as varchar(256)), ''), d.description
from pg_description as d
inner join pg_class as c on c.oid = d.objoid
inner join pg_namespace as n on n.oid = c.relnamespace
left join pg_attribute as a on a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0
where n.nspname = current_schema() and c.relkind in ('r', 'v')
"""
"""Table or view, column (empty for the table itself), and comment; names are in small letters."""

NUMERIC = 1700

TYPES = {
    16: "BOOLEAN",
    20: "BIGINT",
    21: "SMALLINT",
    23: "INTEGER",
    700: "FLOAT",
    701: "DOUBLE",
    1082: "DATE",
    1114: "TIMESTAMP",
    1184: "TIMESTAMP WITH TIME ZONE",
    NUMERIC: "DECIMAL(38, 6)",
}
"""DuckDB's names of the types that the driver names by PostgreSQL's numbers (pg_type.oid); any other is a text."""


class Redshift(Connection):
    """A database in Redshift."""

    def __init__(self, config: Config, cluster: Cluster, progress: Progress, *, create: bool = False) -> None:
        """Log in; `create` makes the schema when it is not there.

        Raises:
            AccessError: the host cannot be reached, or refuses the login.
        """
        super().__init__(config, cluster, progress)
        self._work = Work(self.stores, cluster.work) if cluster.work else None
        self._batch_tables: set[str] = set()
        """The staging and work tables, and the views on them, that are there."""
        self._session_of_tables = 0
        """The session in which these are."""
        self._answer_numbers = count(1)
        if create and cluster.schema:
            self.execute(f"create schema if not exists {cluster.schema}")

    def ask(self, sql: str, values: Mapping[str, Value] | None = None, *, in_portions: bool = False) -> Answer:
        """See `Engine.ask`. What a read-only transaction may do, but reaches S3, is refused before it is sent."""
        if reason := questions.why_refused(sql):
            raise StatementError(f"{self.address}: {reason}")
        if in_portions and questions.is_select(sql):
            name = f"sparkify_answer_{next(self._answer_numbers)}"
            cursor, rows = portions.declared(self._run_question, parameters.in_text(sql, values or {}), name)
        else:
            cursor = self._run_question(sql, values)
            rows = map(tuple, cursor)
        columns = cursor.ps["row_desc"]
        names, types = [column["label"].decode() for column in columns], [_type(column) for column in columns]
        return Answer(tuple(names), tuple(types), rows).require_columns(self.address)

    def _run_question(self, sql: str, values: Mapping[str, Value] | None = None, cursor: Any = None) -> Any:
        try:
            return self.run_untranslated(sql, values or {}, cursor)
        except ProgrammingError as e:
            if is_user_error(e):
                raise StatementError(f"{self.address}: {words(e)}") from e
            raise translated(self.address, e, in_transaction=True) from e

    def keep(self, table: str, sql: str, values: Mapping[str, Value]) -> bool:
        """See `Engine.keep`. A transaction that is read only makes no table."""
        return False

    def write(self, sql: str, values: Mapping[str, Value], form: str, path: Path) -> bool:
        """See `Engine.write`. Redshift's rows come through the client."""
        return False

    def percentage(self) -> float | None:
        """See `Engine.percentage`. Redshift does not tell a session that waits."""
        return None

    def insert(self, table: str, rows: Sequence[Sequence[Value]]) -> None:
        """See `Engine.insert`. Many rows go through S3, for Redshift takes long for an insert of many values."""
        if self._work and len(rows) > INSERTED_ROWS:
            copy_rows(self, self._work, table, rows)
            return
        kinds = [*sql_queries.columns(table).values()]
        for at in range(0, len(rows), INSERTED_ROWS):
            values: dict[str, Value] = {}
            for row in rows[at : at + INSERTED_ROWS]:
                values |= {f"v{len(values) + n}": value for n, value in enumerate(row)}
            # Where all rows lack a value, only the cast says what it is the null of.
            written = [
                f"cast(null as {kinds[n % len(kinds)]})" if value is None else f"${name}"
                for n, (name, value) in enumerate(values.items())
            ]
            lines = [", ".join(written[at : at + len(kinds)]) for at in range(0, len(written), len(kinds))]
            self.execute(f'insert into "{table}" values {", ".join(f"({line})" for line in lines)}', values)

    def lock(self) -> None:
        """See `Engine.lock`."""
        lock.take(self, self.config.lock_timeout)

    def run_untranslated(self, sql: str, values: Mapping[str, Value], cursor: Any = None) -> Any:
        """See `Connection.run_untranslated`. While a batch is loaded, a table of it is made when it is first named."""
        if not self.holds_staged_rows:
            return super().run_untranslated(sql, values, cursor)
        new = {batch_tables.filled(sql)} - {""} - self._batch_tables
        self._make_tables(batch_tables.named(sql) - new)
        cursor = super().run_untranslated(batch_tables.making(sql) if new else sql, values, cursor)
        self._batch_tables |= new
        return cursor

    def _make_tables(self, names: Iterable[str]) -> None:
        """Make those of some tables and views of the batch that are not there."""
        for name in sorted({*names} - self._batch_tables):
            for statement in batch_tables.declared([name]):
                self._make_tables(batch_tables.named(statement) - {name})
                super().run_untranslated(statement, {})
            self._batch_tables.add(name)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See `Engine.transaction`. A table that was made in it is gone where it is rolled back."""
        there = {*self._batch_tables}
        try:
            with super().transaction():
                yield
        except BaseException:
            self._batch_tables = there
            raise

    def stage(
        self, batch: Batch, source: Source, progress: Progress, *, careful: bool, limit: BadRecordLimit
    ) -> Staged:
        """See `Engine.stage`. The staging and work tables are temporary ones of this session, outside a transaction."""
        self.holds_staged_rows = False
        self._drop_batch_tables()
        self.holds_staged_rows = True
        staged = Staged(limit)
        with progress.phase(f"batch {batch.number}: copy objects", len(batch)) as done:
            staging.stage(self, self._work, batch, source, staged, done, careful=careful)
        staged.require_few_bad_records()
        texts = clean_texts.odd_texts(self)
        if self._work and not careful and any(text.column in prefixes.KEYS and not text.cleaned for text in texts):
            raise CarefulReadingNeededError("a song has an empty key")
        staged.cleaned_texts = clean_texts.repair(self, texts)
        return staged

    def _drop_batch_tables(self) -> None:
        """Drop what an earlier staging made; those of an earlier session are gone."""
        self.require_session()
        if self._batch_tables and self._session_of_tables == self.session:
            self.execute(f"drop table {', '.join(sorted(self._batch_tables))}")
        self._batch_tables, self._session_of_tables = set(), self.session

    def refresh_batch_views(self) -> None:
        """See `Engine.refresh_batch_views`. They are temporary tables here, and are made again."""
        for view in self._batch_tables.intersection(sql_queries.BATCH_VIEWS):
            self.execute(f"drop table {view}")
            self._batch_tables.remove(view)

    def examinations(self, song: StoredObject, log: StoredObject) -> Mapping[str, Callable[[], str]]:
        """See `Engine.examinations`."""
        checks: dict[str, Callable[[], str]] = {"role": lambda: staging.examine_role(self, self._work, song, log)}
        if work := self._work:
            checks["work"] = lambda: _examine_work(work)
        return checks

    def comments(self) -> Comments:
        """See `Engine.comments`."""
        return {(table, column): text for table, column, text in self.query(COMMENTS)}

    def size(self) -> int | None:
        """See `Engine.size`. Redshift counts in blocks of 1 MB (DG r_SVV_TABLE_INFO)."""
        [(schema,)] = self.query("select current_schema()")
        try:
            [(blocks,)] = self.query(
                'select sum(size) from svv_table_info where "schema" = $schema', {"schema": schema}
            )
        except AccessError:
            return None
        return None if blocks is None else int(blocks) * 1024**2

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
        return exported_files.insert(self, self._work, table, store, files)

    def discard_new(self) -> None:
        """See `Engine.discard_new`. The database was there."""

    def after_commit(self) -> None:
        """See `Engine.after_commit`. What cannot be deleted from WORK does no harm, and the batch is loaded."""
        self.holds_staged_rows = False
        try:
            self._clear_work()
        except AccessError as e:
            self.progress.warn(f"{e}; the load goes on, and what was put into [S3] WORK stays there")

    def after_run(self) -> None:
        """See `Engine.after_run`. Redshift's readers and its loads do not wait for each other."""

    def after_forgetting(self) -> None:
        """See `Engine.after_forgetting`. Redshift overwrites deleted rows by itself, in the background."""

    def close(self) -> None:
        """See `Engine.close`."""
        with suppress(AccessError):
            self._clear_work()
        self._hang_up()

    def _clear_work(self) -> None:
        if self._work:
            self._work.clear()


def _examine_work(work: Work) -> str:
    """Write a file into WORK, and delete it."""
    work.write("trial", b"{}")
    work.clear()
    return f"{work.location} can be written"


def _type(column: Mapping[str, Any]) -> str:
    """DuckDB's name of a column's type. A number's digits are in its modifier (see numeric.c of PostgreSQL)."""
    modifier = column["type_modifier"] - 4
    if column["type_oid"] == NUMERIC and modifier >= 0:
        return f"DECIMAL({modifier >> 16}, {modifier & 0xFFFF})"
    return TYPES.get(column["type_oid"], "VARCHAR")
