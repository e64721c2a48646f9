"""COPY: the statement, and what it says of itself."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from redshift_connector.error import ProgrammingError

from sparkify import sql_queries
from sparkify.engines.answer import Value
from sparkify.engines.redshift.connection import Connection
from sparkify.engines.redshift.errors import translated, words
from sparkify.engines.redshift.work import Work
from sparkify.errors import AccessError, CheckError, LoadError
from sparkify.records.compression import pack

MOST_ERRORS = 100_000
"""The limit of MAXERROR (DG copy-parameters-data-load)."""

NO_ANALYSIS = ("compupdate off", "statupdate off")
"""Into an empty table COPY would first load a sample to choose encodings, and analyze the table at the end (DG
copy-parameters-data-load): statements and time that rows do not repay that are read once or twice and then deleted.
"""

ERROR_VIEWS = ("sys_load_error_detail", "stl_load_errors")
"""The views to which Redshift refers when COPY met more bad records than MAXERROR allows."""

LOADED = re.compile(r"completed, (\d+) record\(s\) loaded successfully")
REFUSED = re.compile(r"completed, (\d+) record\(s\) could not be loaded")
"""What COPY says when it has ended (DG copy-parameters-data-load, MAXERROR)."""

OWN_KEY = "source_file"
"""The key under which a song's object is written into its record."""


class TooManyRefusedError(LoadError):
    """COPY met more bad records than MAXERROR allows, and added no row."""


@dataclass(frozen=True)
class Copied:
    """What COPY itself says: how many records it loaded and refused."""

    loaded: int
    refused: int


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
) -> Copied:
    """COPY into a table; a trial adds no row.

    `packed` is how the objects are packed: `gzip`, `zstd`, or empty.

    Raises:
        TooManyRefusedError: more than `most_bad` records are bad.
        CheckError: COPY does not say how many records it refused.
        SparkifyError: Redshift refuses the statement for another reason.
    """
    region = connection.stores.region(url)
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
        *NO_ANALYSIS,
        *(["noload"] if is_trial else []),
    ]
    connection.take_notices()
    try:
        connection.run_untranslated("\n".join(options), {})
    except ProgrammingError as e:
        if any(view in words(e) for view in ERROR_VIEWS):
            raise TooManyRefusedError(f"{connection.address}: {words(e)}") from e
        raise translated(connection.address, e, in_transaction=False) from e
    notices = "\n".join(connection.take_notices())
    loaded, refused = _number(LOADED, notices), _number(REFUSED, notices)
    if is_trial:
        return Copied(0, refused or 0)
    if loaded is None and refused is None and most_bad:
        raise CheckError(f"{table}: COPY does not say how many records it refused; its messages: {notices or 'none'}")
    if loaded is None:
        [(loaded,)] = connection.query("select pg_last_copy_count()")
    return Copied(int(loaded), refused or 0)


def copy_parquet(connection: Connection, table: str, manifest: str) -> int:
    """COPY the Parquet files of a manifest into a table, column by column in their order; how many rows.

    COPY takes a file of another number or other types of columns for an error, and no REGION: the files must lie in the
    region of the cluster (DG copy-usage_notes-copy-from-columnar).

    Raises:
        AccessError: Redshift may not read the files, or they lie in another region.
        LoadError: Redshift refuses them.
    """
    options = [
        f'copy "{table}"',
        f"from {sql_queries.literal(manifest)}",
        f"iam_role {sql_queries.literal(connection.cluster.role)}",
        "format as parquet",
        "manifest",
    ]
    try:
        connection.run_untranslated("\n".join(options), {})
    except ProgrammingError as e:
        if "different region" in words(e):
            fix = "copy the export into a bucket of the cluster's region, where [S3] WORK must be, too"
            raise AccessError(f"{manifest}: COPY reads Parquet from no other region; {fix} ({words(e)})") from e
        raise translated(connection.address, e, in_transaction=True) from e
    [(count,)] = connection.query("select pg_last_copy_count()")
    return int(count)


def _number(message: re.Pattern[str], notices: str) -> int | None:
    match = message.search(notices)
    return int(match[1]) if match else None


def copy_rows(connection: Connection, work: Work, table: str, rows: Sequence[Sequence[Value]]) -> None:
    """Add rows that have a value for every column of a table, through a file in WORK.

    Raises:
        CheckError: COPY adds another number of rows.
    """
    columns = [*sql_queries.columns(table)]
    # COPY is not documented to join the two escapes of a character beyond U+FFFF, so none is escaped.
    lines = (json.dumps(dict(zip(columns, row, strict=True)), default=str, ensure_ascii=False) for row in rows)
    url = work.write("rows.json.zst", pack("\n".join(lines).encode()))
    copied = copy(connection, table, columns, url, "auto", "zstd", most_bad=0, timeformat="auto")
    if copied.loaded != len(rows):
        raise CheckError(f"{table}: COPY loaded {copied.loaded:,} of {len(rows):,} rows")
