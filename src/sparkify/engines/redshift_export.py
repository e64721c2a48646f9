"""Tables of Redshift as Parquet files in S3, written by UNLOAD with the role of [IAM_ROLE] ARN (DG r_UNLOAD).

UNLOAD refuses a prefix that is not empty. So what an earlier export wrote is deleted first, and nothing else: a folder
is known as an export's by the marker that is put there after UNLOAD, with the program's own credentials.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sparkify import sql_queries
from sparkify.config import Config
from sparkify.engines import EXPORT_MARKER, Export, export_marker
from sparkify.errors import AccessError, ConfigError, LoadError
from sparkify.lake import Lake

if TYPE_CHECKING:
    from sparkify.engines.redshift import Redshift


def export(
    database: Redshift, tables: Sequence[Export], place: str, done: Callable[[int], None], *, overwrite: bool
) -> None:
    """See `Engine.export`. Where files are there already and may not be overwritten, Redshift refuses."""
    if not place.startswith("s3://"):
        raise ConfigError(f"{place}: Redshift exports into S3; name an address as s3://my-bucket/prefix")
    prefix = place.rstrip("/")
    lake = Lake(prefix, database.config)
    replaced = [table.table for table in tables if overwrite and _is_export(f"{prefix}/{table.table}", database.config)]
    begun: list[str] = []
    try:
        for table in tables:
            begun.append(table.table)
            if table.table in replaced:
                lake.delete(table.table, ending=".parquet")
                lake.delete(table.table, ending=f"/{EXPORT_MARKER}")
            _unload(database, table, lake)
            _mark(database, lake, table.table)
            done(1)
    except BaseException as e:
        e.add_note(f"what was written or deleted before stays so, below {prefix}: {', '.join(begun)}")
        raise


def _is_export(url: str, config: Config) -> bool:
    """Whether an export has written below a prefix; false where nothing is.

    Raises:
        ConfigError: something else is there.
    """
    keys = _keys(url, config)
    if not keys:
        return False
    fix = "name another prefix, or move them away"
    if EXPORT_MARKER not in keys:
        raise ConfigError(
            f"{url}/: no export wrote these files, for {EXPORT_MARKER} is missing, "
            f"and --overwrite would delete them; {fix}"
        )
    if others := sorted(key for key in keys - {EXPORT_MARKER} if not key.endswith(".parquet")):
        raise ConfigError(f"{url}/{others[0]}: no file of an export; {fix}")
    return True


def _keys(url: str, config: Config) -> set[str]:
    """The keys of all objects below a prefix, counted from there."""
    listing = Lake(url, config).list_objects()
    return {item.name.removeprefix(f"{url}/") for item in (*listing.objects, *listing.ignored)} - {""}


def _mark(database: Redshift, lake: Lake, table: str) -> None:
    """Put the marker into a table's folder; without it the export is whole, but no later one replaces it."""
    try:
        lake.put(f"{table}/{EXPORT_MARKER}", export_marker(table).encode())
    except AccessError as e:
        database.warn(f"warning: {e}; the export of {table} is whole, and --overwrite will not replace it")


def _unload(database: Redshift, table: Export, lake: Lake) -> None:
    url = f"{lake.location}/{table.table}/"
    try:
        database.execute(_statement(database, table, url))
    except LoadError as e:
        if "is not empty" in str(e):
            raise ConfigError(f"{url}: files are there already; name another prefix, or add --overwrite") from e
        # The prefix was empty before, so what lies there now is a part of this export, and the next may replace it.
        if _keys(url.rstrip("/"), database.config):
            _mark(database, lake, table.table)
        raise
    except AccessError as e:
        raise AccessError(f"{url}: cannot be written; {e}") from e


def _statement(database: Redshift, table: Export, url: str) -> str:
    region = database.config.store.region
    options = [
        f"unload ({sql_queries.literal(table.sql)})",
        f"to {sql_queries.literal(url)}",
        f"iam_role {sql_queries.literal(database.cluster.role)}",
        "format as parquet",
        *([f"partition by ({', '.join(table.folders)})"] if table.folders else []),
        *([f"region {sql_queries.literal(region)}"] if region else []),
    ]
    return "\n".join(options)
