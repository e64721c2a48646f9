"""What can go wrong, sorted by who must act. The class decides the exit code; the text gives reason, location, fix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """What the program tells the shell, and what it means."""

    meaning: str

    DONE = 0, "done"
    LOAD_FAILED = 1, "the load failed, bad data included"
    USAGE = 2, "the command line or the configuration cannot be used"
    ACCESS = 3, "the store or the warehouse cannot be reached or opened"
    CHECK_FAILED = 4, "a check failed, the last run failed, or the data is older than `status --max-age` allows"
    INTERRUPTED = 130, "interrupted"

    def __new__(cls, value: int, meaning: str) -> ExitCode:
        """The number with its meaning beside it."""
        code = int.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code


class SparkifyError(Exception):
    """Any fault that the program expects. Its lines are for the person at the keyboard.

    `object`, `line` and `column` say where the fault is, as far as that is known: the name of a file or an object, a
    line from 1, and the column of a table or the key of a section. `fields` are what only this kind of fault tells a
    program, by the names that `docs/json.md` documents. `recorded` are the lines for the table `runs`, which quote no
    record: a record may be of a user who is forgotten.
    """

    exit_code = ExitCode.LOAD_FAILED

    def __init__(
        self, *lines: str, object: str | None = None, line: int | None = None, column: str | None = None
    ) -> None:
        super().__init__("\n".join(lines))
        self.lines: tuple[str, ...] = lines
        self.recorded: tuple[str, ...] = lines
        self.object = object
        self.line = line
        self.column = column
        self.fields: Mapping[str, Any] = {}


class ConfigError(SparkifyError):
    """The configuration or the command line cannot be used as it is."""

    exit_code = ExitCode.USAGE


class UsageError(ConfigError):
    """The command line is not one that the program understands. `usage` is how the command is typed."""

    def __init__(self, program: str, text: str, usage: str) -> None:
        super().__init__(text)
        self.program = program
        self.usage = usage


class StatementError(SparkifyError):
    """The engine does not take a statement of SQL that a person wrote; a change among them.

    An engine explains itself in several lines, in which it may quote data, so all but the first are indented.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, text: str) -> None:
        first, *others = text.split("\n")
        super().__init__(first, *(f"    {line}" for line in others if line.strip()))


class AccessError(SparkifyError):
    """The store or the warehouse cannot be reached, opened or read."""

    exit_code = ExitCode.ACCESS


class LoadError(SparkifyError):
    """The load could not be carried out."""


class ObjectChangedError(LoadError):
    """An object is not what it was when it was listed, or may not be opened."""


class UnreadableObjectError(ObjectChangedError):
    """An object cannot be read by anybody; the others are loaded."""

    exit_code = ExitCode.ACCESS


class OutcomeUnknownError(LoadError):
    """The connection was lost at a commit, and nobody knows yet whether it took place."""


@dataclass(frozen=True)
class BadRecord:
    """Where a record is of which no row can be made, and why; `line` counts from 1."""

    object: str
    line: int | None
    column: str | None
    reason: str


class WarehouseGoneError(LoadError):
    """The file of the warehouse was deleted or replaced while it was open."""


class BadRecordsError(LoadError):
    """More records than allowed are such that no row can be made of them. The location is that of the first one."""

    def __init__(self, *lines: str, records: Sequence[BadRecord] = (), count: int | None = None) -> None:
        """`records` are some of the bad records of the run, the first ones; `count` is how many there are, if known."""
        super().__init__(*lines)
        if records:
            self.object, self.line, self.column = records[0].object, records[0].line, records[0].column
        self.fields = {"bad_records": count, "records": [vars(record) for record in records]}


class CheckError(SparkifyError):
    """A check found rows that must not exist."""

    exit_code = ExitCode.CHECK_FAILED


class InterruptError(SparkifyError):
    """Ctrl-C was pressed, or the job was stopped."""

    exit_code = ExitCode.INTERRUPTED
