"""What staging a batch read: the records of each object, good and bad."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sparkify.errors import BadRecord, BadRecordsError, ObjectChangedError
from sparkify.store import StoredObject
from sparkify.words import counted

RAW_TEXT = 1_000
"""Characters of a rejected record that are kept."""

SHOWN = 5
"""Bad records that are shown when they stop a run."""

SHOWN_TO_PROGRAMS = 100
"""Bad records that a program gets then."""

SURPLUS = 1_000
"""Bad records beyond those allowed at which staging ends at once, for their texts take memory."""

LIMIT_EXCEEDED = "and [ETL] MAX_ERRORS allows"
"""What the error says that quotes bad records."""

WORDS_OF_ENGINE = " (COPY says: "
"""How the words of the engine begin that follow a reason; they may quote a value."""


@dataclass(frozen=True)
class Rejected:
    """A record of which no row can be made. `line` counts from 1; None where the object has no lines to count."""

    object: str
    line: int | None
    column_name: str | None
    reason: str
    raw_text: str

    @property
    def own_reason(self) -> str:
        """The reason without the words of the engine."""
        return self.reason.partition(WORDS_OF_ENGINE)[0]

    def values(self) -> tuple[str | int | None, ...]:
        """The record as a row of `staging_rejected_records`."""
        return self.object, self.line, self.column_name, self.reason, self.raw_text

    def as_bad_record(self) -> BadRecord:
        """The record as an error tells it to programs."""
        return BadRecord(self.object, self.line, self.column_name, self.reason)

    def place_and_reason(self) -> str:
        """Where the record lies, and why no row can be made of it."""
        line = f", line {self.line}" if self.line else ""
        column = f", column {self.column_name}" if self.column_name else ""
        return f"{self.object}{line}{column}: {self.reason}"

    def __str__(self) -> str:
        return f"{self.place_and_reason()}: {self.raw_text[:200]}"


@dataclass(frozen=True)
class BadRecordLimit:
    """How many bad records a run allows (`[ETL] MAX_ERRORS`), and how many its batches have had before this one."""

    allowed: int
    before: int = 0

    @property
    def left(self) -> int:
        """How many the batch in hand may have."""
        return self.allowed - self.before


class Staged:
    """Counts the records of a batch while they are staged, and ends the staging when too many are bad."""

    def __init__(self, limit: BadRecordLimit) -> None:
        self.limit = limit
        self.records: Counter[str] = Counter()
        """The records of each object by its name, good and bad."""
        self.changed: dict[str, ObjectChangedError] = {}
        """The objects that a load leaves out, and why; the batch must be staged again without them."""
        self.rejected: list[Rejected] = []
        self.unknown_keys: set[str] = set()
        self.cleaned_texts = 0
        """Distinct texts that enter the star otherwise than they were delivered."""

    def reject(self, name: str, line: int | None, fault: str, text: bytes) -> None:
        """Note a bad record. `fault` is `column: reason`, or `: reason` for the record as a whole.

        Raises:
            BadRecordsError: far more records are bad than are allowed.
        """
        column, _, reason = fault.partition(": ")
        raw = text[: 4 * RAW_TEXT].decode(errors="replace").replace("\0", "\\0")
        raw = raw if len(raw) <= RAW_TEXT else raw[: RAW_TEXT - 1] + "…"
        self.records[name] += line is None
        self.rejected.append(Rejected(name, line, column or None, reason, raw))
        if len(self.rejected) > self.limit.left + SURPLUS:
            raise self._too_many()

    def require_few_bad_records(self) -> None:
        """Make sure that no more records are bad than are allowed.

        Raises:
            BadRecordsError: more are; its text shows the first of them.
        """
        if len(self.rejected) > self.limit.left:
            raise self._too_many()

    def _too_many(self) -> BadRecordsError:
        rejected = sorted(self.rejected, key=lambda record: (record.object, record.line or 0))
        shown = rejected[:SHOWN]
        more = [f"and {len(rejected) - SHOWN} more"] if len(rejected) > SHOWN else []
        count = self.limit.before + len(rejected)
        fix = (
            f"{counted(count, 'bad record')}, {LIMIT_EXCEEDED} {self.limit.allowed}: repair the objects and "
            f"deliver them again, or raise MAX_ERRORS to set bad records aside in the table rejected_records"
        )
        e = BadRecordsError(
            *map(str, shown),
            *more,
            fix,
            records=[record.as_bad_record() for record in rejected[:SHOWN_TO_PROGRAMS]],
            count=count,
        )
        without_values = (replace(record, reason=record.own_reason) for record in shown)
        e.recorded = (*(record.place_and_reason() for record in without_values), *more, fix)
        return e

    def rows(self, objects: Iterable[StoredObject]) -> int:
        """How many rows the staging tables were given of some objects."""
        names = {item.name for item in objects}
        return sum(self.records[name] for name in names) - sum(record.object in names for record in self.rejected)
