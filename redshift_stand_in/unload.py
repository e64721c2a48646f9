"""UNLOAD to S3: the rows of a query as Parquet files, in Hive's folders where it is partitioned (DG r_UNLOAD)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from redshift_stand_in import parquet
from redshift_stand_in.faults import Fault
from redshift_stand_in.parquet import DOUBLE, TIMESTAMPTZ, Row
from redshift_stand_in.s3 import Address, Buckets
from redshift_stand_in.syntax import unsupported
from redshift_stand_in.transfer import Context, Outcome
from redshift_stand_in.unload_request import Request
from redshift_stand_in.wire import Column, SqlError

SLICES = 2
"""The slices that write, each a file of its own: a reader must expect several."""

NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"

ESCAPED = re.compile(r"[\x00-\x1f\x7f\"#%'*/:=?\\{\[\]^]")
"""The characters that Hive writes as %XX in the name of a folder."""


class Unload:
    """One UNLOAD that runs."""

    def __init__(self, context: Context, request: Request) -> None:
        self._context = context
        self._request = request
        slash = "/" if request.partition_by and not request.target.endswith("/") else ""
        self._target = Address.parse(request.target + slash)
        self.outcome: Outcome | None = None
        """None until it begins to write: an error before that leaves PG_LAST_UNLOAD_ID as it was."""
        self.notices: list[str] = []

    def run(self, sql: str, during: Fault | None) -> None:
        """Write the rows of a query in PostgreSQL's words; `during` is the fault that strikes in the middle.

        Raises:
            SqlError: it cannot read, delete or write something; the objects stay as it left them.
            HangUp: the fault strikes.
        """
        request, query_id = self._request, self._context.query_id
        buckets = Buckets(self._context.cluster.account, request.role, request.region, query_id)
        existing = buckets.objects(self._target)
        columns, rows = self._context.postgres.select(sql)
        files = dict(self._files(columns, rows))
        self._clear_target(buckets, existing, files)
        self.outcome = Outcome(query_id, 0)
        if "manifest" in request.flags and files:
            files[self._address("manifest")] = _manifest(files)
        for number, (address, data) in enumerate(files.items(), start=1):
            buckets.write(address, data)
            if during and 2 * number >= len(files):
                during.strike()
        if during:
            during.strike()
        self.outcome = Outcome(query_id, len(rows))
        self.notices.append(f"UNLOAD completed, {len(rows)} record(s) unloaded successfully.")

    def _clear_target(self, buckets: Buckets, existing: Sequence[Address], files: dict[Address, bytes]) -> None:
        """Delete the existing objects with CLEANPATH, leave them with ALLOWOVERWRITE.

        Raises:
            SqlError: there are some, and the statement has neither; or the role may not delete them.
        """
        if "cleanpath" in self._request.flags:
            folders = tuple({address.key.rpartition("/")[0] + "/" for address in files})
            is_partitioned = bool(self._request.partition_by)
            buckets.delete([each for each in existing if not is_partitioned or each.key.startswith(folders)])
        elif existing and "allowoverwrite" not in self._request.flags:
            message = (
                "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually "
                "removing the target files in S3, or using the ALLOWOVERWRITE option."
            )
            raise buckets.error(message, str(self._target))

    def _files(self, columns: Sequence[Column], rows: Sequence[Row]) -> Iterator[tuple[Address, bytes]]:
        """The address and the bytes of each file; none where there are no rows."""
        keys = self._partition_columns(columns)
        kept = [n for n in range(len(columns)) if n not in keys or self._request.includes_partitions]
        written = [columns[n] for n in kept]
        for column in written:
            parquet.duckdb_type(column)  # refuses a type even where there are no rows
        partitions: dict[str, list[Row]] = {}
        for row in rows:
            folders = "".join(f"{columns[n].name.decode()}={_folder(row[n], columns[n])}/" for n in keys)
            partitions.setdefault(folders, []).append([row[n] for n in kept])
        for folders, partition in partitions.items():
            for name, part in self._parts(partition):
                yield self._address(folders + name), parquet.file(written, part)

    def _partition_columns(self, columns: Sequence[Column]) -> list[int]:
        """The indexes of the columns of PARTITION BY.

        Raises:
            SqlError: the query lacks one, has no others, or has two of one name.
        """
        names = [column.name.decode() for column in columns]
        if len(set(names)) < len(names):
            raise SqlError("42701", "the columns of an UNLOAD to Parquet need different names")
        for name in self._request.partition_by:
            if name not in names:
                raise SqlError("42703", f'column "{name}" of PARTITION BY is not in the query')
            if columns[names.index(name)].type in (DOUBLE, TIMESTAMPTZ):
                raise unsupported(f'column "{name}" has a type that PARTITION BY does not take')
        if set(names) <= set(self._request.partition_by):
            raise unsupported("UNLOAD with PARTITION BY needs a column that is no partition column")
        return [names.index(name) for name in self._request.partition_by]

    def _parts(self, rows: Sequence[Row]) -> Iterator[tuple[str, Sequence[Row]]]:
        """The name and the rows of each file of a partition."""
        if not self._request.is_parallel:
            yield "000.parquet", rows
            return
        for number in range(min(SLICES, len(rows))):
            yield f"{number:04}_part_00.parquet", rows[number::SLICES]

    def _address(self, name: str) -> Address:
        return replace(self._target, key=self._target.key + name)


def _folder(value: str | None, column: Column) -> str:
    """A value of a partition column in the name of a folder."""
    if not value:
        return NULL_FOLDER
    if column.type == parquet.BOOLEAN:
        return "true" if value == "t" else "false"
    return ESCAPED.sub(lambda match: f"%{ord(match[0]):02X}", value)


def _manifest(files: dict[Address, bytes]) -> bytes:
    """The list of files, with their sizes (DG loading-data-files-using-manifest)."""
    entries = [{"url": str(address), "meta": {"content_length": len(data)}} for address, data in files.items()]
    return json.dumps({"entries": entries}).encode()
