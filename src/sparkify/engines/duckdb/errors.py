"""DuckDB's errors: which kind of fault each is, and what to do about it."""

from __future__ import annotations

import duckdb

from sparkify.errors import AccessError

BAD_RECORD_ERRORS = (
    duckdb.InvalidInputException,
    duckdb.ConversionException,
    duckdb.ConstraintException,
    UnicodeDecodeError,
)
"""What DuckDB raises when it cannot make a row of a record."""

WRITE_ERRORS = (duckdb.IOException, duckdb.FatalException, duckdb.TransactionException)
"""What DuckDB raises when it cannot write its file: in a statement, in a checkpoint, in a commit."""

RESOURCE_ERRORS = (duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException)
"""What DuckDB raises when a question lacks memory or disk; any other error is in the user's SQL."""

QUESTION_SPILL = "10 GB"
"""Room on disk that a question may take for what does not fit into `[DUCKDB] MEMORY_LIMIT`."""

DAMAGED = "the file is damaged: move it away, then import a backup, or create the tables and load again"
"""What to do about a file that was cut off, or that holds other bytes than DuckDB wrote."""


def explained(e: Exception, path: str) -> str:
    """What DuckDB says of a statement on the warehouse at a path, in one line, and what to do about it."""
    text = _first_line(e)
    if _is_of_damage(text, path):
        return f"{DAMAGED} ({text})"
    if "max_temp_directory_size" in str(e):
        fix = "ask for less at a time, or raise [DUCKDB] MEMORY_LIMIT"
        return f"a question may take {QUESTION_SPILL} on disk beside its memory; {fix} ({text})"
    if isinstance(e, duckdb.OutOfMemoryException):
        fix = "raise [DUCKDB] MEMORY_LIMIT, or lower [ETL] BATCH_SIZE if it is a load"
        return f"DuckDB ran out of memory or of room for what does not fit in it; {fix} ({text})"
    if isinstance(e, WRITE_ERRORS):
        return f"the file cannot be written or read; make room on the disk and look at its rights ({text})"
    return f"DuckDB stopped; run again, and report this if it stays ({text})"


def not_opened(e: Exception, path: str) -> str:
    """The same of a file that cannot be opened."""
    text = _first_line(e)
    fix = "make room on the disk, look at its rights, or set [DUCKDB] PATH to another file"
    if _is_of_damage(text, path):
        fix = DAMAGED
    elif isinstance(e, duckdb.OutOfMemoryException):
        fix = "raise [DUCKDB] MEMORY_LIMIT"
    return f"the warehouse cannot be opened; {fix} ({text})"


def not_written(path: object, e: Exception) -> AccessError:
    """The error that a file or a folder beside the warehouse cannot be written."""
    return AccessError(f"{path}: cannot be written; make room, or look at its rights ({e})")


def _is_of_damage(text: str, path: str) -> bool:
    return "Corrupt database file" in text or ("Could not read enough bytes" in text and f'"{path}"' in text)


def _first_line(e: Exception) -> str:
    return (str(e).strip().splitlines() or [type(e).__name__])[0]
