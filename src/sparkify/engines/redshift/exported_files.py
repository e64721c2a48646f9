"""Rows from the Parquet files of an export, by COPY; those on this machine are put into WORK first."""

from __future__ import annotations

from sparkify.engines.redshift.connection import Connection
from sparkify.engines.redshift.copy import copy_parquet
from sparkify.engines.redshift.work import Work
from sparkify.engines.whole_export import ExportedFiles
from sparkify.errors import ConfigError
from sparkify.store import ExportStore


def insert(connection: Connection, work: Work | None, table: str, store: ExportStore, files: ExportedFiles) -> int:
    """See `Engine.insert_files`. A manifest, which lies in WORK, keeps COPY to these files, each of its whole size."""
    if not work:
        raise ConfigError(f"{connection.address}: [S3] WORK is not set, and an import puts into it what COPY reads")
    sizes = {}
    for name, file in files.items():
        item = store.item(name)
        path = store.local_path(item)
        sizes[work.upload(path) if path else item.name] = file.size
    return copy_parquet(connection, table, work.manifest(sizes))
