"""The file of a warehouse in DuckDB: what may be opened as one, and whether it is still in its place."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from sparkify import program
from sparkify.errors import AccessError, WarehouseGoneError

MAGIC_AT = slice(8, 12)
MAGIC = b"DUCK"
"""How every DuckDB file begins, after a checksum (duckdb.org/docs/stable/internals/storage)."""

OTHERS = {
    b"": "an empty file",
    b"SQLite format 3\0": "a SQLite database",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"PK\x03\x04": "a zip file",
}
"""What a file is that begins so; the empty beginning is compared as a whole."""


def require_database(path: Path, what: str = "the warehouse", key: str = "[DUCKDB] PATH") -> None:
    """Make sure that a path names a DuckDB file, or nothing yet, by its first bytes and before DuckDB opens it.

    `what` the file is, and which `key` of the configuration names it, is for people.

    Raises:
        AccessError: it names something else, or cannot be read.
    """
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            raise _refused(path, what, key, "a folder" if stat.S_ISDIR(mode) else "no file")
        with path.open("rb") as file:
            first = file.read(16)
    except FileNotFoundError:
        _require_place_for_new(path, key)
        return
    except OSError as e:
        fix = f"look at its rights, or set {key} to another file"
        raise AccessError(f"{path}: {what} cannot be opened; {fix} ({e.strerror})") from e
    if first[MAGIC_AT] != MAGIC:
        kinds = (kind for start, kind in OTHERS.items() if (first.startswith(start) if start else not first))
        raise _refused(path, what, key, next(kinds, "a file of another kind"))


def require_writable(path: Path) -> None:
    """Make sure that a warehouse can be changed: its file, and the folder in which DuckDB makes the log.

    Raises:
        AccessError: one of them may not be written.
    """
    file = path.resolve()
    if locked := [each for each in (file, file.parent) if not os.access(each, os.W_OK)]:
        raise AccessError(f"{locked[0]}: may not be written; look at its rights, and at the user who runs the load")


def is_utf8(path: str) -> bool:
    """Whether all bytes of a path are UTF-8; others are lone surrogates in Python."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def log_of(path: Path) -> Path:
    """Where DuckDB keeps the log of a file; `path` is no link."""
    return path.with_name(f"{path.name}.wal")


def _require_place_for_new(path: Path, key: str) -> None:
    """Make sure that a new database can be at a path.

    Raises:
        AccessError: its folder is not there; or its log is, which DuckDB would delete, and what was committed to it.
    """
    file = path.resolve()
    if not file.parent.is_dir():
        fix = f"make it, or set {key} to a file in another"
        raise AccessError(f"{path}: there is no folder {file.parent}; {fix}")
    if (log := log_of(file)).exists():
        fix = "put the database back beside it, or move the log away"
        raise AccessError(f"{path}: there is no database, and yet its log, {log}, may hold what was committed; {fix}")


def _refused(path: Path, what: str, key: str, kind: str) -> AccessError:
    fix = f"set {key} to another file, or to one that is not there yet"
    return AccessError(f"{path}: {what} cannot be opened: this is {kind}, and no DuckDB database; {fix}")


class OpenFile:
    """The file that DuckDB has opened, known by its device and its number (inode) there."""

    def __init__(self, path: Path) -> None:
        """`path` names the file now."""
        self._path = path
        self._identity = identity(path)

    def require_in_place(self) -> None:
        """Make sure that the path still names the file that is open: a deleted file takes all commits, and is lost.

        Raises:
            WarehouseGoneError: it names another file, or none.
        """
        if (now := identity(self._path)) == self._identity:
            return
        what = "replaced by another file" if now else "deleted or moved"
        raise WarehouseGoneError(
            f"{self._path}: the warehouse was {what} while it was open, and what is written to it now is not there; "
            f"put the file that was opened back, or run {program.command('create-tables')}, and run again"
        )


def identity(path: Path) -> tuple[int, int] | None:
    """The device and the inode of a file; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
