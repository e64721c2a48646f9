"""What a database must do to hold the warehouse; each engine does it in a folder of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Protocol, TypeVar

from sparkify.dictionary import Comments
from sparkify.engines.answer import Answer, Rows, Value
from sparkify.engines.exports import Export
from sparkify.engines.staged import BadRecordLimit, Staged
from sparkify.engines.whole_export import ExportedFiles, Files
from sparkify.errors import AccessError, LoadError
from sparkify.plan import Batch, Kind
from sparkify.progress import Progress
from sparkify.records.jsonpaths import Path
from sparkify.store import ExportStore, ObjectStore, StoredObject

CONFLICT_WAITS = (1.0, 4.0, 15.0, 60.0)
"""Seconds before each further attempt at a transaction that conflicted with another."""

T = TypeVar("T")


class ConflictError(LoadError):
    """The transaction conflicted with another one, and was rolled back; it can be run again."""


class HeldError(AccessError):
    """Another process holds the warehouse."""


class CarefulReadingNeededError(LoadError):
    """A record cannot be staged the quick way; the batch must be staged again with `careful=True`."""


@dataclass(frozen=True)
class Source:
    """The stores that hold the objects of a run, and the path of every column of each staging table in a record."""

    stores: Mapping[Kind, ObjectStore]
    paths: Mapping[Kind, Mapping[str, Path]]


class Engine(Protocol):
    """A database that can hold the warehouse."""

    name: str
    """As `sql/create` calls the engine."""

    address: str
    """The address of the warehouse, for people."""

    records_idle_runs: bool
    """Whether a run that changes nothing is recorded, too: where a commit costs next to nothing."""

    def execute(self, sql: str, values: Mapping[str, Value] | None = None) -> int:
        """Run one statement with `$name` bound from `values`; how many rows it changed, -1 where nobody tells.

        Redshift does not tell how many rows a staging or work table was filled with for the first time.
        """
        ...

    def query(self, sql: str, values: Mapping[str, Value] | None = None) -> Rows:
        """Run one statement with `$name` bound from `values`; its rows."""
        ...

    def each(self, sql: str, take: Callable[..., object]) -> None:
        """Run one statement, and call a function with the values of each row when it arrives; none of them is kept."""
        ...

    def ask(self, sql: str, values: Mapping[str, Value] | None = None, *, in_portions: bool = False) -> Answer:
        """The answer to one statement that anybody may have written; it reaches nothing but the warehouse.

        With `in_portions` the rows are never in memory together, and the answer must be read before the next question.

        Raises:
            StatementError: the engine does not take it.
        """
        ...

    def keep(self, table: str, sql: str, values: Mapping[str, Value]) -> bool:
        """Keep the rows of a question that ships with the program in a temporary table, until the snapshot ends.

        Nothing of the warehouse changes. Returns False where the engine keeps no rows.
        """
        ...

    def write(self, sql: str, values: Mapping[str, Value], form: str, path: FilePath) -> bool:
        """Write the answer to a statement that anybody may have written into a file, as `formats` does.

        Returns False where the engine does not write such an answer.

        Raises:
            StatementError: the engine does not take it.
        """
        ...

    def percentage(self) -> float | None:
        """How much of the statement in hand is done, if the engine knows; any thread may ask."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Everything that is read inside is of one moment, and the engine refuses every change."""
        ...

    def insert(self, table: str, rows: Sequence[Sequence[Value]]) -> None:
        """Add rows that have a value for every column of the table, in order."""
        ...

    def lock(self) -> None:
        """Let no other run write until the transaction ends.

        Raises:
            AccessError: another run has been writing for longer than `lock_timeout`.
        """
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Commit what happens inside, or nothing of it.

        Raises:
            ConflictError: another transaction came between.
        """
        ...

    def stage(
        self, batch: Batch, source: Source, progress: Progress, *, careful: bool, limit: BadRecordLimit
    ) -> Staged:
        """Empty the staging and work tables, and fill the former with the records of a batch. Nothing else changes.

        `careful` takes the slower way that can tell why a record is bad.

        Raises:
            AccessError: an object cannot be read.
            BadRecordsError: more records are bad than the limit allows.
            CarefulReadingNeededError: the quick way cannot read a record.
        """
        ...

    def refresh_batch_views(self) -> None:
        """Let the views on the staging tables show what was deleted from these after the staging."""
        ...

    def examinations(self, song: StoredObject, log: StoredObject) -> Mapping[str, Callable[[], str]]:
        """Checks of what only this engine needs, by name; each returns a sentence, or raises a SparkifyError."""
        ...

    def comments(self) -> Comments:
        """The comments on the tables and views of the warehouse, and on their columns."""
        ...

    def size(self) -> int | None:
        """The size of the warehouse in bytes; None where the login may not know."""
        ...

    def export(
        self,
        tables: Sequence[Export],
        target: str,
        done: Callable[[int], None],
        *,
        overwrite: bool,
        manifest: Callable[[Files], str] | None = None,
    ) -> None:
        """Write each of some tables as Parquet files into a folder of its name below a folder or an address.

        Of a whole warehouse, `manifest` makes the text of the file `MANIFEST`, which is written last.

        Raises:
            AccessError: nothing can be written there.
            ConfigError: the engine cannot write to such a target, or a folder is there and may not be overwritten.
        """
        ...

    def insert_files(self, table: str, columns: Sequence[str], store: ExportStore, files: ExportedFiles) -> int:
        """Add the rows of files of an export to a table that has the same columns; how many rows.

        Raises:
            LoadError: a file is damaged, or the table does not take it.
            AccessError: a file cannot be read.
            ConfigError: a key that the engine needs for this is not set.
        """
        ...

    def discard_new(self) -> None:
        """Delete the database if this connection has made it, and nothing is in it."""
        ...

    def after_commit(self) -> None:
        """Do what the database needs after a batch or a change of the tables."""
        ...

    def after_run(self) -> None:
        """Do what the database needs after a run.

        Raises:
            AccessError: the copy for readers cannot be written.
        """
        ...

    def after_forgetting(self) -> None:
        """Let no file that the engine writes keep what was deleted; then the connection can only be closed.

        Raises:
            AccessError: the copy for readers, or the file of the warehouse, cannot be written.
        """
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


def locked(engine: Engine, progress: Progress, change: Callable[[], T]) -> T:
    """The result of a change, made in a transaction under the lock. It is repeated while it conflicts with another.

    Raises:
        LoadError: it conflicted at every attempt.
    """

    def under_lock() -> T:
        engine.lock()
        return change()

    return in_transaction(engine, progress, under_lock)


def in_transaction(engine: Engine, progress: Progress, change: Callable[[], T]) -> T:
    """The same without the lock, where it may not be there yet.

    Raises:
        LoadError: it conflicted at every attempt.
    """
    for wait in (*CONFLICT_WAITS, None):
        try:
            with engine.transaction():
                return change()
        except ConflictError as e:
            if wait is None:
                raise LoadError(f"{e}, again and again; run again when it is over") from e
            progress.say(f"{e}; trying again in {wait:g} seconds")
            time.sleep(wait)
    raise AssertionError
