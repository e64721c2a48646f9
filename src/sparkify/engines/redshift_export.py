"""Tables of Redshift as Parquet files in S3, written by UNLOAD with the role of [IAM_ROLE] ARN (DG r_UNLOAD)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sparkify import sql_queries
from sparkify.engines import Export
from sparkify.errors import AccessError, ConfigError, LoadError
from sparkify.store import Stores

if TYPE_CHECKING:
    from sparkify.engines.redshift import Redshift


def export(
    database: Redshift, tables: Sequence[Export], place: str, done: Callable[[int], None], *, overwrite: bool
) -> None:
    """See `Engine.export`. Where files are there already and may not be overwritten, Redshift refuses."""
    if not place.startswith("s3://"):
        raise ConfigError(f"{place}: Redshift exports into S3; name an address as s3://my-bucket/prefix")
    prefix = place.rstrip("/")
    store = Stores(database.config).open_s3(prefix)
    begun: list[str] = []
    try:
        for table in tables:
            begun.append(table.table)
            if overwrite:
                store.delete(table.table, ending=".parquet")
            _unload(database, table, prefix)
            done(1)
    except BaseException as e:
        e.add_note(f"what was written or deleted before stays so, below {prefix}: {', '.join(begun)}")
        raise


def _unload(database: Redshift, table: Export, prefix: str) -> None:
    url = f"{prefix}/{table.table}/"
    try:
        database.execute(_statement(database, table, url))
    except LoadError as e:
        if "is not empty" in str(e):
            raise ConfigError(f"{url}: files are there already; name another prefix, or add --overwrite") from e
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
