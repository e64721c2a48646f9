"""What can go wrong, sorted by who must act. The class decides the exit code, the text says reason, place and fix."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the program tells the shell, and what it means."""

    meaning: str

    DONE = 0, "done"
    LOAD_FAILED = 1, "the load failed, bad data included"
    USAGE = 2, "the command line or the configuration cannot be used"
    ACCESS = 3, "the store or the warehouse cannot be reached or opened"
    CHECK_FAILED = 4, "a check failed, or the data is older than `status --max-age` allows"
    INTERRUPTED = 130, "interrupted"

    def __new__(cls, value: int, meaning: str) -> ExitCode:
        """The number with its meaning beside it."""
        code = int.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code


class SparkifyError(Exception):
    """Any fault that the program expects; its text is for the person at the keyboard."""

    exit_code = ExitCode.LOAD_FAILED


class ConfigError(SparkifyError):
    """The configuration or the command line cannot be used as it is."""

    exit_code = ExitCode.USAGE


class StatementError(SparkifyError):
    """The engine does not take a statement of SQL that a person wrote; a change among them."""

    exit_code = ExitCode.USAGE


class AccessError(SparkifyError):
    """The store or the warehouse cannot be reached, opened or read."""

    exit_code = ExitCode.ACCESS


class LoadError(SparkifyError):
    """The load could not be carried out."""


class OutcomeUnknownError(LoadError):
    """The connection was lost at a commit, and nobody knows yet whether it took place."""


class WarehouseGoneError(LoadError):
    """The file of the warehouse was deleted or replaced while it was open."""


class BadRecordsError(LoadError):
    """More records than allowed are such that no row can be made of them."""


class CheckError(SparkifyError):
    """A check found rows that must not exist."""

    exit_code = ExitCode.CHECK_FAILED
