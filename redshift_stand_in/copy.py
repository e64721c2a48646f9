"""COPY from S3: the files that a request means, their records, the rows of them, and what the system views tell."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import zstandard

from redshift_stand_in import records
from redshift_stand_in.copy_request import Request
from redshift_stand_in.records import Column, ColumnError, Found, Path, RecordError
from redshift_stand_in.s3 import Account, Address, Lake, StoredFile
from redshift_stand_in.translation import MOST_BYTES
from redshift_stand_in.wire import Postgres, SqlError

if TYPE_CHECKING:
    from redshift_stand_in.catalog import Log
    from redshift_stand_in.faults import Fault

CHUNK = 500
"""Rows that go to PostgreSQL at a time."""

Row = list[str | None]


@dataclass(frozen=True)
class Outcome:
    """What the session knows of its last COPY or UNLOAD."""

    query_id: int
    rows: int


@dataclass(frozen=True)
class Session:
    """What COPY and UNLOAD are told of the session that they run in."""

    account: Account
    log: Log
    postgres: Postgres
    id: int
    database: str


class Copy:
    """One COPY that runs."""

    def __init__(self, session: Session, request: Request, query_id: int) -> None:
        self._session = session
        self._request = request
        self._query_id = query_id
        self._began = _now()
        self._details: list[dict[str, object]] = []
        self._errors: list[dict[str, object]] = []
        self._facts: dict[str, object] = {}
        self._sizes: dict[str, int] = {}
        self._table_id = 0
        self.outcome: Outcome | None = None
        """Set when it comes to reading data: an error before that leaves PG_LAST_COPY_ID as it was."""
        self.notices: list[str] = []

    def run(self, during: Fault | None) -> None:
        """Load the files.

        Raises:
            SqlError: nothing is loaded, and why.
        """
        columns = self._columns()
        request = self._request
        lake = Lake(self._session.account, request.role, request.region, self._query_id)
        paths = self._paths(lake, columns)
        entries = self._entries(lake)
        self.outcome = Outcome(self._query_id, 0)
        rows = self._rows(lake, columns, paths, entries)
        if "noload" not in request.flags:
            self._insert(columns, rows, during)
            self.outcome = Outcome(self._query_id, len(rows))
        self._note("completed", self.outcome.rows)
        self._tell(f"completed, {len(rows)} record(s) loaded successfully.")

    def _columns(self) -> list[Column]:
        """The columns that are filled, in the order of the list."""
        table = self._request.table
        found = self._session.postgres.query(
            "select attname, typname, atttypmod, attnotnull, attrelid::integer, current_user::regrole::oid, "
            "txid_current() from pg_attribute join pg_type on pg_type.oid = atttypid "
            f"where attrelid = to_regclass('{table}') and attnum > 0 and not attisdropped order by attnum"
        )
        if not found:
            raise no_table(table)
        self._table_id, user, transaction = (int(str(value)) for value in found[0][4:])
        self._facts = {
            "user_id": user,
            "query_id": self._query_id,
            "transaction_id": transaction,
            "session_id": self._session.id,
            "database_name": self._session.database,
            "start_time": self._began,
        }
        known = {str(row[0]): _column(row) for row in found}
        for name in self._request.columns:
            if name not in known:
                raise SqlError("42703", f'column "{name}" of relation "{table}" does not exist')
        return [known[name] for name in self._request.columns] or list(known.values())

    def _paths(self, lake: Lake, columns: Sequence[Column]) -> list[Path]:
        """Where in a record each column's value stands."""
        by_name: list[Path] = [(column.name,) for column in columns]
        if not self._request.has_paths:
            return by_name
        address = Address.read(self._request.json)
        data = lake.read(address)
        try:
            told = json.loads(data)
            if "jsonpaths" not in told:  # then COPY takes it as 'auto' (DG copy-usage_notes-copy-from-json)
                return by_name
            paths = [records.path(expression) for expression in told["jsonpaths"]]
        except (ValueError, TypeError) as e:
            raise lake.error(f"Invalid JSONPath format: {e}", f"JSONPath file: {address}") from e
        if len(paths) != len(columns):
            message = (
                "Number of jsonpaths and the number of columns should match. "
                f"JSONPath size: {len(paths)}, Number of columns in table or column list: {len(columns)}"
            )
            raise lake.error(message, f"JSONPath file: {address}")
        return paths

    def _entries(self, lake: Lake) -> list[tuple[Address, bool]]:
        """The files, and of each whether it must be there. `_sizes` is what the manifest says of their sizes."""
        source = Address.read(self._request.source)
        if "manifest" not in self._request.flags:
            return [(address, True) for address in lake.listed(source)]
        data = lake.read_manifest(source)
        try:
            entries = json.loads(data)["entries"]
            told = {entry["url"]: entry["meta"]["content_length"] for entry in entries if "meta" in entry}
            self._sizes = told
            return [(Address.read(entry["url"]), entry.get("mandatory", False)) for entry in entries]
        except (ValueError, TypeError, KeyError, AttributeError) as e:
            message = "Manifest file is not in correct json format"
            raise lake.error(message, f"Manifest file location = {source}") from e

    def _rows(
        self, lake: Lake, columns: Sequence[Column], paths: Sequence[Path], entries: Sequence[tuple[Address, bool]]
    ) -> list[Row]:
        """The rows of all files, if no more records are bad than may be."""
        rows: list[Row] = []
        for file in lake.read_all(entries):
            began = _now()
            if self._sizes.get(str(file.address), len(file.data)) != len(file.data):
                message = "The file size does not match the content_length of the manifest"
                raise lake.error(message, f"S3 key being read : {file.address}")
            data = self._unpacked(lake, file)
            for found in records.records(data):
                try:
                    rows.append(self._row(found, columns, paths))
                except ColumnError as e:
                    self._reject(file.address, found.line, e.error, e.column)
                except RecordError as e:
                    self._reject(file.address, found.line, e)
            self._add_detail(file, data, began)
        if not self._details:
            raise lake.error("No valid S3 files found", f"Manifest file location = {self._request.source}")
        if self._errors:
            self._session.log.add("sys_load_error_detail", self._errors)
            self._tell(f"completed, {len(self._errors)} record(s) could not be loaded.  {SEE}")
        return rows

    def _row(self, found: Found, columns: Sequence[Column], paths: Sequence[Path]) -> Row:
        if found.error:
            raise found.error
        value = found.value
        if not self._request.has_paths and not isinstance(value, dict):
            raise RecordError(1216, "Invalid JSON: an array needs a JSONPaths file")
        if self._request.json == "auto ignorecase":
            value = {key.lower(): item for key, item in reversed(value.items())}
        return records.row(value, columns, paths, self._request.options)

    def _unpacked(self, lake: Lake, file: StoredFile) -> bytes:
        try:
            if "gzip" in self._request.flags:
                return _all_parts(file.data, lambda: zlib.decompressobj(31))
            if "zstd" in self._request.flags:
                return _all_parts(file.data, lambda: zstandard.ZstdDecompressor().decompressobj())
        except (zlib.error, zstandard.ZstdError, EOFError) as e:
            raise lake.error(f"Failed to decompress the file: {e}", f"S3 key being read : {file.address}") from e
        return file.data

    def _reject(self, address: Address, line: int, error: RecordError, column: Column | None = None) -> None:
        """Note a bad record.

        Raises:
            SqlError: it is one too many.
        """
        self._errors.append(
            self._facts
            | {
                "table_id": self._table_id,
                "file_name": str(address),
                "line_number": line,
                "column_name": column.name if column else "",
                "column_type": column.type if column else "",
                "column_length": str((column and column.bytes) or ""),
                "position": error.position,
                "error_code": error.code,
                "error_message": error.message,
            }
        )
        if len(self._errors) >= max(1, self._request.maxerror):
            self._session.log.add("sys_load_error_detail", self._errors)
            self._note("aborted", 0)
            raise SqlError("XX000", f"Load into table '{self._table}' failed.  {SEE}")

    def _insert(self, columns: Sequence[Column], rows: Sequence[Row], during: Fault | None) -> None:
        def parts() -> Iterator[bytes]:
            size = max(1, min(CHUNK, len(rows) // 2))
            for start in range(0, len(rows), size):
                if during and start >= len(rows) // 2:
                    during.strike()
                yield "".join("\t".join(map(_escaped, row)) + "\n" for row in rows[start : start + size]).encode()
            if during:
                during.strike()

        names = ", ".join(f'"{column.name}"' for column in columns)
        self._session.postgres.copy_in(f"copy {self._request.table} ({names}) from stdin", parts())

    @property
    def _table(self) -> str:
        return self._request.table.rpartition(".")[2].strip('"')

    def _tell(self, what: str) -> None:
        self.notices.append(f"Load into table '{self._table}' {what}")

    def _add_detail(self, file: StoredFile, data: bytes, began: datetime) -> None:
        ended = _now()
        facts = {
            "file_name": str(file.address),
            "bytes_scanned": len(file.data),
            "lines_scanned": data.count(b"\n") + (not data.endswith(b"\n") and data != b""),
            "record_time": ended,
            "splits_scanned": 0,
            "start_time": began,
            "end_time": ended,
            "file_etag": file.etag.strip('"'),
            "file_last_modified": file.last_modified.replace(tzinfo=None),
        }
        self._details.append(self._facts | facts)

    def _note(self, status: str, loaded: int) -> None:
        ended = _now()
        size = sum(int(str(detail["bytes_scanned"])) for detail in self._details)
        history = self._facts | {
            "status": status,
            "table_name": self._table,
            "end_time": ended,
            "duration": (ended - self._began).microseconds,
            "data_source": self._request.source,
            "file_format": "json",
            "loaded_rows": loaded,
            "loaded_bytes": size,
            "source_file_count": len(self._details),
            "source_file_bytes": size,
            "file_count_scanned": len(self._details),
            "file_bytes_scanned": size,
            "error_count": len(self._errors),
            "copy_job_id": 0,
        }
        self._session.log.add("sys_load_history", [history])
        self._session.log.add("sys_load_detail", self._details)


SEE = "Check 'sys_load_error_detail' system table for details."


def no_table(name: str) -> SqlError:
    return SqlError("XX000", f"Cannot COPY into nonexistent table {name}")


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _column(row: Sequence[Any]) -> Column:
    """A column, from its name, type, type modifier and whether it is NOT NULL.

    A text of CREATE TABLE AS may have no declared length.
    """
    name, kind, modifier = str(row[0]), str(row[1]), int(row[2])
    most_bytes = MOST_BYTES if modifier == -1 else modifier - 4
    return Column(name, kind, most_bytes if kind in ("varchar", "bpchar", "text") else None, is_required=row[3] == "t")


def _all_parts(data: bytes, unpacker: Callable[[], Any]) -> bytes:
    """The content of a packed file, which may be several that were joined."""
    parts: list[bytes] = []
    while data:
        stream = unpacker()
        parts.append(stream.decompress(data))
        if not stream.eof:
            raise EOFError("unexpected end of data")
        data = stream.unused_data
    return b"".join(parts)


_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def _escaped(value: str | None) -> str:
    return "\\N" if value is None else value.translate(_ESCAPES)
