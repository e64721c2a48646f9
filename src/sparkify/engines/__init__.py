"""The seam between the pipeline and the databases: what differs from one to the other, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from sparkify.errors import LoadError
from sparkify.jsonpaths import Path
from sparkify.lake import Lake, StoredObject
from sparkify.plan import Batch, Kind
from sparkify.progress import Progress

RAW_TEXT = 1_000
"""Characters of a rejected record that are kept."""

Value: TypeAlias = Any
Rows: TypeAlias = list[tuple[Value, ...]]


class TryAgainError(LoadError):
    """The transaction has to be run once more, from its beginning.

    `wait` is how many seconds later, where another transaction came between; without it, with `careful=True`.
    """

    def __init__(self, text: str, wait: float = 0.0) -> None:
        super().__init__(text)
        self.wait = wait


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

    def columns(self, sql: str) -> tuple[str, ...]:
        """The names of the columns that a query gives, without running it."""
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

    def tidy(self) -> None:
        """Do what the database wants done after a commit."""
        ...

    def close(self) -> None:
        """Let go of the warehouse."""
        ...
