"""What can go wrong, sorted by who must act. The class decides the exit code, the text says reason, place and fix."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the program tells the shell."""

    DONE = 0
    LOAD_FAILED = 1  # the data, or the machine under the load
    USAGE = 2  # the command line or the configuration
    ACCESS = 3  # the store or the warehouse cannot be reached or opened
    CHECK_FAILED = 4  # the warehouse broke one of its own rules
    INTERRUPTED = 130  # Ctrl-C


class SparkifyError(Exception):
    """Any fault that the program expects; its text is for the person at the keyboard."""

    exit_code = ExitCode.LOAD_FAILED


class ConfigError(SparkifyError):
    """The configuration or the command line cannot be used as it is."""

    exit_code = ExitCode.USAGE


class AccessError(SparkifyError):
    """The store or the warehouse cannot be reached, opened or read."""

    exit_code = ExitCode.ACCESS


class LoadError(SparkifyError):
    """The load could not be carried out."""


class OutcomeUnknownError(LoadError):
    """The connection was lost at a commit, and nobody knows yet whether it took place."""


class BadRecordsError(LoadError):
    """More records than allowed are such that no row can be made of them."""


class CheckError(SparkifyError):
    """A check found rows that must not exist."""

    exit_code = ExitCode.CHECK_FAILED
