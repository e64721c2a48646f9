"""The seam between the pipeline and the databases: what differs from one to the other, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from sparkify.errors import SparkifyError
from sparkify.jsonpaths import Path
from sparkify.lake import Lake, StoredObject
from sparkify.plan import Batch, Kind
from sparkify.progress import Progress

Value: TypeAlias = Any
Rows: TypeAlias = list[tuple[Value, ...]]


class TryAgainError(SparkifyError):
    """The transaction has to be run once more, from its beginning and with `careful=True`."""


@dataclass(frozen=True)
class Source:
    """Where the objects of a run lie, and the path of every column of each staging table in a record."""

    lakes: Mapping[Kind, Lake]
    paths: Mapping[Kind, Mapping[str, Path]]


@dataclass(frozen=True)
class Rejected:
    """A record of which no row can be made. `line` counts from 1; None where the object has no lines to count."""

    object: str
    line: int | None
    column_name: str | None
    reason: str
    raw_text: str

    def __str__(self) -> str:
        line = f", line {self.line}" if self.line else ""
        column = f", column {self.column_name}" if self.column_name else ""
        return f"{self.object}{line}{column}: {self.reason}: {self.raw_text[:200]}"


@dataclass
class Staged:
    """What staging a batch did. `records` counts the records of each object, good and bad."""

    records: Counter[str] = field(default_factory=Counter)
    rejected: list[Rejected] = field(default_factory=list)
    unknown_keys: set[str] = field(default_factory=set)

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

    def columns(self, sql: str) -> tuple[str, ...]:
        """The names of the columns that a query gives, without running it."""
        ...

    def insert(self, table: str, rows: Sequence[Sequence[Value]]) -> None:
        """Add rows that have a value for every column of the table, in order."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Commit what happens inside, or nothing of it."""
        ...

    def stage(self, batch: Batch, source: Source, progress: Progress, *, careful: bool) -> Staged:
        """Turn the records of a batch's objects into rows of the staging tables, inside the caller's transaction.

        `careful` takes the slower way that can tell why a record is no good.

        Raises:
            AccessError: an object cannot be read.
            TryAgain: something is odd, and the transaction has to be run again with care.
        """
        ...

    def tidy(self) -> None:
        """Do what the database wants done after a commit."""
        ...

    def close(self) -> None:
        """Let go of the warehouse."""
        ...
