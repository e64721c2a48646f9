"""Tables of DuckDB as Parquet files in a folder.

All tables are written beside their places first and moved there, one after the other, when all are whole.
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
    for table in there:
        _require_export(folder / table)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _export(database, tables, folder, done)
    except OSError as e:
        raise AccessError(f"{place}: cannot be written; make room, or look at its rights ({e})") from e


def _require_export(folder: Path) -> None:
    """Make sure that a folder to be replaced holds an export and nothing else."""
    others = [path for path in folder.rglob("*") if not path.is_dir() and path.suffix != ".parquet"]
    if others or not folder.is_dir():
        fix = "name another folder, or take it away"
        raise ConfigError(f"{(others or [folder])[0]}: no file of an export, and would be deleted; {fix}")


def _export(database: DuckDB, tables: Sequence[Export], folder: Path, done: Callable[[int], None]) -> None:
    written = {table.table: folder / f".{table.table}.writing" for table in tables}
    replaced: list[str] = []
    try:
        for table in tables:
            _write(database, table, written[table.table])
            done(1)
        for name, new in written.items():
            _replace(folder / name, new)
            replaced.append(name)
    except BaseException as e:
        if replaced:
            e.add_note(f"new in {folder}: {', '.join(replaced)}; the other tables are as they were; export again")
        raise
    finally:
        for new in written.values():
            shutil.rmtree(new, ignore_errors=True)


def _replace(place: Path, new: Path) -> None:
    """Put a new folder in the place of an old one, which goes when the new one stands there."""
    old = place.with_name(f".{place.name}.replaced")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    try:
        new.rename(place)
    except OSError:
        if old.exists():
            old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _write(database: DuckDB, table: Export, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    if table.folders:
        _copy(database, table, target, f", overwrite_or_ignore, partition_by ({', '.join(table.folders)})")
    if not any(target.iterdir()):  # a table of one file, or no row that would make a folder
        _copy(database, table, target / f"{table.table}.parquet", "")


def _copy(database: DuckDB, table: Export, place: Path, options: str) -> None:
    database.execute(f"copy ({table.sql}) to {sql_queries.literal(str(place))} (format parquet{options})")
