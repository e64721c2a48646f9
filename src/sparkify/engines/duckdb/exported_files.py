"""Rows from the Parquet files of an export; those in S3 are fetched first, a table at a time."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Sequence
from pathlib import Path

from sparkify import sql_queries
from sparkify.engines.duckdb.connection import Connection
from sparkify.engines.duckdb.file import is_utf8
from sparkify.engines.duckdb.json_columns import identifier
from sparkify.engines.duckdb.private_folder import PrivateFolder
from sparkify.engines.whole_export import ExportedFile, ExportedFiles
from sparkify.errors import AccessError, LoadError
from sparkify.store import ExportStore

OPTIONS = "hive_partitioning = false, union_by_name = false, filename = false"
"""No name of a file and no default changes a value."""


def insert(connection: Connection, table: str, columns: Sequence[str], store: ExportStore, files: ExportedFiles) -> int:
    """See `Engine.insert_files`."""
    names = ", ".join(map(identifier, columns))
    with PrivateFolder(connection.path.resolve()) as folder:
        paths = [_local(store, name, file, folder) for name, file in files.items()]
        patterns = ", ".join(sql_queries.literal(glob.escape(str(path))) for path in paths)
        try:
            return connection.execute(
                f"insert into {identifier(table)} ({names}) select {names} from read_parquet([{patterns}], {OPTIONS})"
            )
        except LoadError as e:
            raise LoadError(f"{store.location}/{table}: these files of an export cannot be loaded ({e})") from e


def _local(store: ExportStore, name: str, file: ExportedFile, folder: PrivateFolder) -> Path:
    """Where a file of an export lies on this machine, once it is fetched if it is in S3."""
    item = store.item(name)
    if path := store.local_path(item):
        if not is_utf8(str(path)):
            raise AccessError(f"{store.location}: the path is not UTF-8, as DuckDB needs it; move the export")
        return path
    path, digest = folder.new_file(), hashlib.sha256()
    try:
        with path.open("wb") as fetched:
            for piece in store.pieces(item):
                fetched.write(piece)
                digest.update(piece)
    except OSError as e:
        raise LoadError(f"{path}: {item.name} cannot be fetched to this file; make room on the disk ({e})") from e
    if file.sha256 not in ("", digest.hexdigest()):
        raise LoadError(f"{item.name}: is not the file that was exported; fetch it from where it was copied from")
    return path
