"""Tables of Redshift as Parquet files in S3, written by UNLOAD with the role of [IAM_ROLE] ARN (DG r_UNLOAD).

UNLOAD refuses a prefix that is not empty. So what an earlier export wrote is deleted first, and nothing else: a folder
is known as an export's by the marker that is put there after UNLOAD, with the program's own credentials.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sparkify import sql_queries
from sparkify.engines.exports import MARKER, Export, marked_files, marker_text
from sparkify.engines.redshift.connection import Connection
from sparkify.engines.whole_export import MANIFEST, ExportedFile, Files, holds_whole
from sparkify.errors import AccessError, ConfigError, LoadError
from sparkify.store.s3.prefix import S3Prefix


def export(
    connection: Connection,
    tables: Sequence[Export],
    target: str,
    done: Callable[[int], None],
    *,
    overwrite: bool,
    manifest: Callable[[Files], str] | None,
) -> None:
    """See `Engine.export`. Where files are there already and may not be overwritten, Redshift refuses."""
    if not target.startswith("s3://"):
        raise ConfigError(f"{target}: Redshift exports into S3; name an address as s3://my-bucket/prefix")
    prefix = target.rstrip("/")
    store = connection.stores.open_s3(prefix)
    replaced = [table.table for table in tables if overwrite and _is_export(store, table.table)]
    if manifest and not overwrite:
        _require_nothing(store, tables)
    if replaced and not manifest and MANIFEST in store.sizes():
        raise holds_whole(prefix)
    if manifest:  # until all tables are in their places, what lies there is no whole warehouse
        store.put(MANIFEST, b"")
    begun: list[str] = []
    try:
        for table in tables:
            begun.append(table.table)
            if table.table in replaced:
                store.delete(table.table, ending=".parquet")
                store.delete(table.table, ending=f"/{MARKER}")
            _unload(connection, table, store)
            _mark(connection, store, table.table)
            done(1)
        if manifest:
            store.put(MANIFEST, manifest({table.table: _files(store, table.table) for table in tables}).encode())
    except BaseException as e:
        e.add_note(f"what was written or deleted before stays so, below {prefix}: {', '.join(begun)}")
        raise


def _require_nothing(store: S3Prefix, tables: Sequence[Export]) -> None:
    """Make sure that no export is there that an unfinished one would spoil.

    Raises:
        ConfigError: there are files of one.
    """
    there = {key.partition("/")[0] for key in store.sizes()}
    if names := sorted(there & {MANIFEST, *(table.table for table in tables)}):
        raise ConfigError(
            f"{store.location}: {', '.join(names)} is there already; name another prefix, or add --overwrite"
        )


def _files(store: S3Prefix, table: str) -> dict[str, ExportedFile]:
    """The Parquet files in the folder of a table."""
    return {name: ExportedFile(size, "") for name, size in store.sizes(table).items() if name != MARKER}


def _is_export(store: S3Prefix, table: str) -> bool:
    """Whether an export has written into a table's folder; false where nothing is.

    Raises:
        ConfigError: something else is there.
    """
    keys, url = store.keys(table), f"{store.location}/{table}"
    if not keys:
        return False
    fix = "name another prefix, or move them away"
    if MARKER not in keys:
        reason = f"no export wrote these files, for {MARKER} is missing, and --overwrite would delete them"
        raise ConfigError(f"{url}/: {reason}; {fix}")
    marker = store.read(store.item(f"{table}/{MARKER}"))
    if others := sorted(keys - {MARKER} - marked_files(marker, table)):
        raise ConfigError(f"{url}/{others[0]}: no file of an export; {fix}")
    return True


def _mark(connection: Connection, store: S3Prefix, table: str) -> None:
    """Put the marker into a table's folder; without it the export is whole, but no later one replaces it."""
    try:
        store.put(f"{table}/{MARKER}", marker_text(table, store.keys(table) - {MARKER}).encode())
    except AccessError as e:
        connection.progress.warn(f"{e}; the export of {table} is whole, and --overwrite will not replace it")


def _unload(connection: Connection, table: Export, store: S3Prefix) -> None:
    url = f"{store.location}/{table.table}/"
    try:
        connection.execute(_statement(connection, table, url))
    except LoadError as e:
        if "is not empty" in str(e):
            raise ConfigError(f"{url}: files are there already; name another prefix, or add --overwrite") from e
        # The prefix was empty before, so what lies there now is a part of this export, and the next may replace it.
        if store.keys(table.table):
            _mark(connection, store, table.table)
        raise
    except AccessError as e:
        raise AccessError(f"{url}: cannot be written; {e}") from e


def _statement(connection: Connection, table: Export, url: str) -> str:
    region = connection.stores.region(url)
    options = [
        f"unload ({sql_queries.literal(table.sql)})",
        f"to {sql_queries.literal(url)}",
        f"iam_role {sql_queries.literal(connection.cluster.role)}",
        "format as parquet",
        *([f"partition by ({', '.join(table.folders)})"] if table.folders else []),
        *([f"region {sql_queries.literal(region)}"] if region else []),
    ]
    return "\n".join(options)
