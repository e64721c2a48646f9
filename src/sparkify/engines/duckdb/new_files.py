"""Database files that are written whole and then put in the place of others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sparkify import sql_queries
from sparkify.engines.duckdb.connection import Connection
from sparkify.engines.duckdb.file import log_of


@contextmanager
def attached(connection: Connection, path: Path, name: str, options: str) -> Iterator[None]:
    """Another database file beside that of the connection, by a quoted name, until the end of the block."""
    connection.query(f"attach {sql_queries.literal(str(path))} as {name} ({options})")
    try:
        yield
    finally:
        connection.query(f"detach {name}")


def replace(new: Path, path: Path) -> None:
    """Put a file in the place of another, so that no crash leaves a part of it there. A link stays a link.

    What another tool has written into the log of the former file would spoil the new one. Who may read it may go on.
    """
    place = path.resolve()
    log_of(place).unlink(missing_ok=True)
    if place.exists():
        new.chmod(place.stat().st_mode & 0o777)
    _sync(new)
    new.replace(place)
    _sync(place.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
