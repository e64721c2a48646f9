"""Tables of DuckDB as Parquet files in a folder.

All tables are written beside their places first and moved there when all are whole, so that a run which stops halfway
leaves what was there before.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sparkify import sql_queries
from sparkify.engines import Export
from sparkify.errors import AccessError, ConfigError

if TYPE_CHECKING:
    from sparkify.engines.duckdb import DuckDB


def export(
    database: DuckDB, tables: Sequence[Export], place: str, done: Callable[[int], None], *, overwrite: bool
) -> None:
    """See `Engine.export`."""
    if "://" in place:
        raise ConfigError(f"{place}: DuckDB exports into a folder; name one, and copy it to the store from there")
    folder = Path(place)
    there = [table.table for table in tables if (folder / table.table).exists()]
    if there and not overwrite:
        raise ConfigError(f"{place}: {', '.join(there)} is there already; name another folder, or add --overwrite")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _export(database, tables, folder, done)
    except OSError as e:
        raise AccessError(f"{place}: cannot be written; make room, or look at its rights ({e})") from e


def _export(database: DuckDB, tables: Sequence[Export], folder: Path, done: Callable[[int], None]) -> None:
    written = {table.table: folder / f".{table.table}.writing" for table in tables}
    try:
        for table in tables:
            _write(database, table, written[table.table])
            done(1)
        for name, new in written.items():
            _replace(folder / name, new)
    finally:
        for new in written.values():
            shutil.rmtree(new, ignore_errors=True)


def _replace(place: Path, new: Path) -> None:
    """Put a new folder in the place of an old one, which goes when the new one stands there."""
    old = place.with_name(f".{place.name}.replaced")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    new.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def _write(database: DuckDB, table: Export, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    if table.folders:
        place, options = target, f"format parquet, overwrite_or_ignore, partition_by ({', '.join(table.folders)})"
    else:
        place, options = target / f"{table.table}.parquet", "format parquet"
    database.execute(f"copy ({table.sql}) to {sql_queries.literal(str(place))} ({options})")
