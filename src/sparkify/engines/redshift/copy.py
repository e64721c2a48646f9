"""COPY: the statement and its number of rows."""

from __future__ import annotations

import json
from collections.abc import Sequence

import zstandard
from redshift_connector.error import ProgrammingError

from sparkify import sql_queries
from sparkify.engines.answer import Value
from sparkify.engines.redshift.connection import Connection
from sparkify.engines.redshift.errors import translated, words
from sparkify.engines.redshift.load_errors import FAILED_COPY, CopyError, copy_errors
from sparkify.engines.redshift.work import Work

MOST_ERRORS = 100_000
"""The limit of MAXERROR (DG copy-parameters-data-load)."""

ERROR_VIEWS = ("sys_load_error_detail", "stl_load_errors")
"""The views to which Redshift refers when COPY met more bad records than MAXERROR allows."""

OWN_KEY = "source_file"
"""The key under which a song's object is written into its record."""


class TooManyCopyErrors(Exception):  # noqa: N818
    """COPY met more bad records than MAXERROR allows, and added no row. `errors` are those that it recorded."""

    def __init__(self, errors: list[CopyError]) -> None:
        super().__init__(f"{len(errors)} records")
        self.errors = errors


def copy(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    url: str,
    mapping: str,
    packed: str,
    *,
    most_bad: int,
    is_manifest: bool = False,
    timeformat: str = "epochmillisecs",
    is_trial: bool = False,
) -> int:
    """COPY into a table, and the number of rows that it added; a trial adds none.

    `packed` is how the objects are packed: `gzip`, `zstd`, or empty.

    Raises:
        TooManyCopyErrors: more than `most_bad` records are bad.
        SparkifyError: Redshift refuses the statement for another reason.
    """
    region = connection.config.store.region
    options = [
        f"copy {table} ({', '.join(columns)})",
        f"from {sql_queries.literal(url)}",
        f"iam_role {sql_queries.literal(connection.cluster.role)}",
        *(["manifest"] if is_manifest else []),
        f"json {sql_queries.literal(mapping)}",
        *([packed] if packed else []),
        f"timeformat {sql_queries.literal(timeformat)}",
        *([f"region {sql_queries.literal(region)}"] if region else []),
        f"maxerror {min(most_bad + 1, MOST_ERRORS)}",
        *(["noload"] if is_trial else []),
    ]
    try:
        connection.run_untranslated("\n".join(options), {})
    except ProgrammingError as e:
        if any(view in words(e) for view in ERROR_VIEWS) and (errors := copy_errors(connection, FAILED_COPY)):
            raise TooManyCopyErrors(errors) from e
        raise translated(connection.address, e, in_transaction=False) from e
    [(count,)] = connection.query("select pg_last_copy_count()")
    return int(count)


def copy_rows(connection: Connection, work: Work, table: str, rows: Sequence[Sequence[Value]]) -> None:
    """Add rows that have a value for every column of a table, through a file in WORK."""
    columns = [*sql_queries.columns(table)]
    lines = (json.dumps(dict(zip(columns, row, strict=True)), default=str) for row in rows)
    url = work.write("rows.json.zst", zstandard.ZstdCompressor().compress("\n".join(lines).encode()))
    copy(connection, table, columns, url, "auto", "zstd", most_bad=0, timeformat="auto")
