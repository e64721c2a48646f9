"""The seam between the pipeline and the databases: what differs from one to the other, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import chain, count, islice
from typing import Any, Protocol, TypeAlias

from sparkify.errors import BadRecord, LoadError, StatementError
from sparkify.jsonpaths import Path
from sparkify.plan import Batch, Kind
from sparkify.progress import Progress
from sparkify.store import ObjectStore, StoredObject

READ_AHEAD = 10_000
"""Rows of an answer that are read before the first of them is shown."""

PORTION_SIZE = 20_000_000
"""Characters of text that a portion of an answer may have before it ends."""

RAW_TEXT = 1_000
"""Characters of a rejected record that are kept."""

EXPORT_MARKER = "_sparkify_export.json"
"""The file by which an export knows a folder of its own; Spark, Hive and Athena skip names that begin with `_`."""

Value: TypeAlias = Any
Rows: TypeAlias = list[tuple[Value, ...]]


@dataclass(frozen=True)
class Answer:
    """What a question found: its columns' names, their types as DuckDB calls them, and its rows, to be read once."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: Iterator[tuple[Value, ...]]

    def require_columns(self, place: str) -> Answer:
        """The answer itself.

        Raises:
            StatementError: it has no columns, for the statement was none that finds something.
        """
        if not self.columns:
            raise StatementError(f"{place}: this statement finds nothing that could be shown; ask with `select`")
        return self

    def read_ahead(self) -> tuple[Answer, bool]:
        """The same answer with its first rows read already, and whether these are all: then it needs no engine more."""
        first, is_whole = self.portion(READ_AHEAD)
        return replace(self, rows=iter(first) if is_whole else chain(first, self.rows)), is_whole

    def portion(self, most: int) -> tuple[Rows, bool]:
        """The next rows, so few that they fit into memory, and at most so many; and whether these are the last."""
        rows: Rows = []
        size = 0
        for row in islice(self.rows, most):
            rows.append(row)
            size += sum(map(_weight, row))
            if size > PORTION_SIZE:
                return rows, False
        return rows, len(rows) < most

    def distinct_columns(self) -> list[str]:
        """The columns' names, with a number after each that another column has already; capitals do not count."""
        names: list[str] = []
        used = set[str]()
        for name in self.columns:
            numbered = (f"{name}_{n}" for n in count(2))
            distinct = next(new for new in chain([name], numbered) if new.lower() not in used)
            used.add(distinct.lower())
            names.append(distinct)
        return names


def _weight(value: Value) -> int:
    """Characters of text that take as much memory as a value; what a list holds takes several times its text."""
    if isinstance(value, (list, dict)):
        return 4 * len(str(value))
    return len(value) if isinstance(value, (str, bytes)) else 0


class TryAgainError(LoadError):
    """The transaction has to be run once more, from its beginning.

    `wait` is how many seconds later, where another transaction came between; without it, with `careful=True`.
    """

    def __init__(self, text: str, wait: float = 0.0) -> None:
        super().__init__(text)
        self.wait = wait


class ObjectsChangedError(LoadError):
    """Some objects are not what was listed: the batch has to be loaded without them. `names` are theirs."""

    def __init__(self, changed: Mapping[str, str]) -> None:
        super().__init__("; ".join(changed.values()))
        self.names = changed.keys()
        self.reasons = [*changed.values()]


@dataclass(frozen=True)
class Source:
    """The stores that hold the objects of a run, and the path of every column of each staging table in a record."""

    stores: Mapping[Kind, ObjectStore]
    paths: Mapping[Kind, Mapping[str, Path]]


@dataclass(frozen=True)
class Export:
    """A table to write as files: what it holds, and the columns whose values name the folders of the files."""

    table: str
    sql: str
    folders: tuple[str, ...]


def export_marker(table: str) -> str:
    """What the marker in a table's folder says."""
    return json.dumps({"version": 1, "written_by": "sparkify export", "table": table}) + "\n"


@dataclass(frozen=True)
class Rejected:
    """A record of which no row can be made. `line` counts from 1; None where the object has no lines to count."""

    object: str
    line: int | None
    column_name: str | None
    reason: str
    raw_text: str

    def as_bad_record(self) -> BadRecord:
        """The record as an error tells it to programs."""
        return BadRecord(self.object, self.line, self.column_name, self.reason)

    def place_and_reason(self) -> str:
        """Where the record stands, and why no row can be made of it."""
        line = f", line {self.line}" if self.line else ""
        column = f", column {self.column_name}" if self.column_name else ""
        return f"{self.object}{line}{column}: {self.reason}"

    def __str__(self) -> str:
        return f"{self.place_and_reason()}: {self.raw_text[:200]}"


@dataclass
class Staged:
    """What staging a batch did. `records` counts the records of each object, good and bad.

    `changed` says of each object that is not what was listed what is wrong with it; none of its records may stay.
    """

    records: Counter[str] = field(default_factory=Counter)
    changed: dict[str, str] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    unknown_keys: set[str] = field(default_factory=set)

    def reject(self, name: str, line: int | None, fault: str, text: bytes) -> None:
        """Note a bad record. `fault` is `column: reason`, or `: reason` for the record as a whole."""
        column, _, reason = fault.partition(": ")
        raw = text[: 4 * RAW_TEXT].decode(errors="replace").replace("\0", "\\0")
        raw = raw if len(raw) <= RAW_TEXT else raw[: RAW_TEXT - 1] + "…"
        self.records[name] += line is None
        self.rejected.append(Rejected(name, line, column or None, reason, raw))

    def rows(self, objects: Iterable[StoredObject]) -> int:
        """How many rows the staging tables were given of some objects."""
        names = {item.name for item in objects}
        return sum(self.records[name] for name in names) - sum(record.object in names for record in self.rejected)


class Engine(Protocol):
    """A database that can hold the warehouse."""

    name: str
    """As `sql/create` calls the engine."""

    place: str
    """Where the warehouse is, in words for a person."""

    def execute(self, sql: str, values: Mapping[str, Value] | None = None) -> int:
        """Run one statement with `$name` bound from `values`; how many rows it changed."""
        ...

    def query(self, sql: str, values: Mapping[str, Value] | None = None) -> Rows:
        """Run one statement with `$name` bound from `values`; the rows it found."""
        ...

    def ask(self, sql: str, values: Mapping[str, Value] | None = None) -> Answer:
        """What one statement that anybody may have written finds; it reaches nothing but the warehouse.

        Raises:
            StatementError: the engine does not take it.
        """
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
        """Commit what happens inside, or nothing of it."""
        ...

    def stage(self, batch: Batch, source: Source, progress: Progress, *, careful: bool, most_bad: int) -> Staged:
        """Turn the records of a batch's objects into rows of the staging tables, inside the caller's transaction.

        `careful` takes the slower way that can tell why a record is no good. When more than `most_bad` are, the load
        cannot go on, and not all objects need have been staged.

        Raises:
            AccessError: an object cannot be read.
            TryAgain: something is odd, and the transaction has to be run again with care.
        """
        ...

    def examinations(self, song: StoredObject, log: StoredObject) -> Mapping[str, Callable[[], str]]:
        """Checks of what only this engine needs, by name; each gives what it found, or raises a SparkifyError."""
        ...

    def size(self) -> int | None:
        """How many bytes the warehouse takes; None where the login may not know."""
        ...

    def export(self, tables: Sequence[Export], place: str, done: Callable[[int], None], *, overwrite: bool) -> None:
        """Write each of some tables as Parquet files into a folder of its name below a place.

        Raises:
            AccessError: the place cannot be written.
            ConfigError: the engine cannot write to such a place, or a folder is there and may not be overwritten.
        """
        ...

    def tidy(self) -> None:
        """Do what the database wants done after a commit."""
        ...

    def close(self) -> None:
        """Let go of the warehouse."""
        ...
