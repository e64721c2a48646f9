"""UNLOAD to S3: the rows of a query as Parquet files, in Hive's folders where it is partitioned (DG r_UNLOAD)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from redshift_stand_in import parquet
from redshift_stand_in.copy import Outcome, Session
from redshift_stand_in.parquet import DOUBLE, TIMESTAMPTZ, Row
from redshift_stand_in.s3 import Address, Lake
from redshift_stand_in.syntax import unsupported
from redshift_stand_in.unload_request import Request
from redshift_stand_in.wire import Column, SqlError

if TYPE_CHECKING:
    from redshift_stand_in.faults import Fault

SLICES = 2
"""How many slices write, each its own file: who reads them has to expect several."""

NO_VALUE = "__HIVE_DEFAULT_PARTITION__"

ESCAPED = re.compile(r"[\x00-\x1f\x7f\"#%'*/:=?\\{\[\]^]")
"""What Hive writes as %XX in the name of a folder."""


class Unload:
    """One UNLOAD that runs."""

    def __init__(self, session: Session, request: Request, query_id: int) -> None:
        self._session = session
        self._request = request
        self._query_id = query_id
        slash = "/" if request.partition_by and not request.target.endswith("/") else ""
        self._target = Address.read(request.target + slash)
        self.outcome: Outcome | None = None
        """Set when it comes to writing: an error before that leaves PG_LAST_UNLOAD_ID as it was."""
        self.notices: list[str] = []

    def run(self, sql: str, during: Fault | None) -> None:
        """Write the rows of a query, which is in PostgreSQL's words.

        Raises:
            SqlError: something cannot be read, deleted or written; what was deleted and written before remains so.
        """
        request = self._request
        lake = Lake(self._session.account, request.role, request.region, self._query_id)
        there = lake.found(self._target)
        columns, rows = self._session.postgres.select(sql)
        files = dict(self._files(columns, rows))
        self._make_room(lake, there, files)
        self.outcome = Outcome(self._query_id, 0)
        if "manifest" in request.flags and files:
            files[self._below("manifest")] = _manifest(files)
        for number, (address, data) in enumerate(files.items(), start=1):
            lake.write(address, data)
            if during and 2 * number >= len(files):
                during.strike()
        if during:
            during.strike()
        self.outcome = Outcome(self._query_id, len(rows))
        self.notices.append(f"UNLOAD completed, {len(rows)} record(s) unloaded successfully.")

    def _make_room(self, lake: Lake, there: Sequence[Address], files: dict[Address, bytes]) -> None:
        """Refuse to write where files lie already, or delete them, or let them be: as the statement says."""
        if "cleanpath" in self._request.flags:
            folders = tuple({address.key.rpartition("/")[0] + "/" for address in files})
            is_partitioned = bool(self._request.partition_by)
            lake.delete([each for each in there if not is_partitioned or each.key.startswith(folders)])
        elif there and "allowoverwrite" not in self._request.flags:
            message = (
                "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually "
                "removing the target files in S3, or using the ALLOWOVERWRITE option."
            )
            raise lake.error(message, str(self._target))

    def _files(self, columns: Sequence[Column], rows: Sequence[Row]) -> Iterator[tuple[Address, bytes]]:
        """The files, and what each holds; none where there are no rows."""
        keys = self._keys(columns)
        kept = [n for n in range(len(columns)) if n not in keys or self._request.includes_partitions]
        written = [columns[n] for n in kept]
        for column in written:
            parquet.kind(column)
        partitions: dict[str, list[Row]] = {}
        for row in rows:
            folders = "".join(f"{columns[n].name.decode()}={_folder(row[n], columns[n])}/" for n in keys)
            partitions.setdefault(folders, []).append([row[n] for n in kept])
        for folders, part in partitions.items():
            for name, share in self._shares(part):
                yield self._below(folders + name), parquet.file(written, share)

    def _keys(self, columns: Sequence[Column]) -> list[int]:
        """Where in a row the values of PARTITION BY stand.

        Raises:
            SqlError: the query has no such columns, or no others, or a file cannot hold its columns.
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

    def _shares(self, rows: Sequence[Row]) -> Iterator[tuple[str, Sequence[Row]]]:
        """The rows of each file, by the end of its name."""
        if not self._request.is_parallel:
            yield "000.parquet", rows
            return
        for number in range(min(SLICES, len(rows))):
            yield f"{number:04}_part_00.parquet", rows[number::SLICES]

    def _below(self, name: str) -> Address:
        return replace(self._target, key=self._target.key + name)


def _folder(value: str | None, column: Column) -> str:
    """A value as the name of a folder has it."""
    if not value:
        return NO_VALUE
    if column.type == parquet.BOOLEAN:
        return "true" if value == "t" else "false"
    return ESCAPED.sub(lambda found: f"%{ord(found[0]):02X}", value)


def _manifest(files: dict[Address, bytes]) -> bytes:
    """The list of files, with their sizes (DG loading-data-files-using-manifest)."""
    entries = [{"url": str(address), "meta": {"content_length": len(data)}} for address, data in files.items()]
    return json.dumps({"entries": entries}).encode()
