"""Tables of DuckDB as Parquet files in a folder.

All tables are written into a private folder beside their places first and moved there, one after the other, when all
are whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from sparkify import sql_queries
from sparkify.engines.duckdb.connection import Connection
from sparkify.engines.duckdb.errors import not_written
from sparkify.engines.exports import MARKER, Export, marked_files, marker_text
from sparkify.engines.whole_export import MANIFEST, ExportedFile, Files, digest, holds_whole
from sparkify.errors import ConfigError, LoadError
from sparkify.private_folders import private_folder


def export(
    connection: Connection,
    tables: Sequence[Export],
    target: str,
    done: Callable[[int], None],
    *,
    overwrite: bool,
    manifest: Callable[[Files], str] | None,
) -> None:
    """See `Engine.export`."""
    if "://" in target:
        raise ConfigError(f"{target}: DuckDB exports into a folder; name one, and copy it to the store from there")
    folder = Path(target).expanduser()
    if not manifest and _is_there(folder / MANIFEST):
        raise holds_whole(target)
    try:
        there = [table.table for table in tables if _is_there(folder / table.table)]
        if there and not overwrite:
            raise ConfigError(f"{target}: {', '.join(there)} is there already; name another folder, or add --overwrite")
        for table in there:
            _require_export(folder / table)
        folder.mkdir(parents=True, exist_ok=True)
        with private_folder(folder) as private:
            _export(connection, tables, folder, private, done, manifest)
    except OSError as e:
        raise not_written(target, e) from e


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _require_export(folder: Path) -> None:
    """Make sure that a folder to be replaced was written by an export, and holds nothing else."""
    fix = "name another folder, or move it away"
    if folder.is_symlink() or not folder.is_dir():
        raise ConfigError(f"{folder}: this is no folder of an export, and would be replaced; {fix}")
    marker = folder / MARKER
    files = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    if files and (marker.is_symlink() or not marker.is_file()):
        raise ConfigError(
            f"{folder}: no export wrote this, for {MARKER} is missing, and --overwrite would delete it; {fix}"
        )
    ours = marked_files(marker.read_bytes(), folder.name) if files else set()
    others = [
        path
        for path in files
        if path != marker and (path.is_symlink() or path.relative_to(folder).as_posix() not in ours)
    ]
    if others:
        raise ConfigError(f"{others[0]}: no file of an export, and would be deleted; {fix}")


def _export(
    connection: Connection,
    tables: Sequence[Export],
    folder: Path,
    private: Path,
    done: Callable[[int], None],
    manifest: Callable[[Files], str] | None,
) -> None:
    replaced: list[str] = []
    try:
        for table in tables:
            _write(connection, table, private / table.table)
            done(1)
        names = [table.table for table in tables]
        if manifest:
            text = manifest({name: _files(private / name) for name in names})
            (private / MANIFEST).write_text(text, encoding="utf-8")
        # Until all tables are in their places, what lies there is no whole warehouse.
        (folder / MANIFEST).unlink(missing_ok=True)
        for name in names:
            _replace(folder / name, private / name, private / f"{name}.replaced")
            replaced.append(name)
        if manifest:
            (private / MANIFEST).rename(folder / MANIFEST)
    except BaseException as e:
        if replaced:
            e.add_note(f"new in {folder}: {', '.join(replaced)}; the other tables are as they were; export again")
        raise


def _files(folder: Path) -> dict[str, ExportedFile]:
    """The Parquet files in the folder of a table."""
    return {path.name: ExportedFile(path.stat().st_size, digest(path)) for path in folder.glob("*.parquet")}


def _replace(folder: Path, new: Path, old: Path) -> None:
    """Put a new folder in place of an old one, which is moved away and comes back if that fails."""
    if folder.exists():
        folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _write(connection: Connection, table: Export, target: Path) -> None:
    target.mkdir()
    if table.folders:
        _copy(connection, table, target, f", overwrite_or_ignore, partition_by ({', '.join(table.folders)})")
    if not any(target.iterdir()):  # a table of one file, or no row that would make a folder
        _copy(connection, table, target / f"{table.table}.parquet", "")
    files = [path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()]
    (target / MARKER).write_text(marker_text(table.table, files), encoding="utf-8")


def _copy(connection: Connection, table: Export, path: Path, options: str) -> None:
    try:
        connection.execute(f"copy ({table.sql}) to {sql_queries.literal(str(path))} (format parquet{options})")
    except LoadError as e:
        raise not_written(path, e) from e
