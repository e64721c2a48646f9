"""COPY from S3: the files of a request, their records, and the rows of the table."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from redshift_stand_in import json_paths, parquet, records, values
from redshift_stand_in.copy_request import Request
from redshift_stand_in.error_words import no_table
from redshift_stand_in.faults import Fault
from redshift_stand_in.json_paths import Path
from redshift_stand_in.load_log import LoadLog, now
from redshift_stand_in.records import Record, RecordError
from redshift_stand_in.s3 import Address, Buckets, StoredFile
from redshift_stand_in.transfer import Context, Outcome
from redshift_stand_in.translation import MAX_BYTES
from redshift_stand_in.values import Column, ColumnError
from redshift_stand_in.wire import SqlError
from redshift_stand_in.zstandard import zstd

CHUNK = 500
"""Rows that go to PostgreSQL at a time."""

SEE = "Check 'sys_load_error_detail' system table for details."

Row = list[str | None]


class Copy:
    """One COPY that runs."""

    def __init__(self, context: Context, request: Request) -> None:
        self._context = context
        self._request = request
        self._table = request.table.rpartition(".")[2].strip('"')
        self._sizes: dict[str, int] = {}
        """Bytes of each file, by its address, where the manifest names them."""
        self.outcome: Outcome | None = None
        """None until it begins to read data: an error before that leaves PG_LAST_COPY_ID as it was."""
        self.notices: list[str] = []
        self._reports = context.cluster.monitor.load_reports()

    def run(self, during: Fault | None) -> None:
        """Load the files; `during` is the fault that strikes in the middle.

        Raises:
            SqlError: nothing is loaded.
            HangUp: the fault strikes.
        """
        request = self._request
        columns, log = self._open_table()
        buckets = Buckets(self._context.cluster.account, request.role, request.region, self._context.query_id)
        paths = self._paths(buckets, columns)
        entries = self._entries(buckets)
        self.outcome = Outcome(self._context.query_id, 0)
        rows = self._read(buckets, columns, paths, entries, log)
        if "noload" not in request.flags:
            self._insert(columns, rows, during)
            self.outcome = Outcome(self._context.query_id, len(rows))
        log.write_end("completed", self.outcome.rows)
        self._add_notice(f"completed, {len(rows) + self._reports.more_loaded} record(s) loaded successfully.")

    def _open_table(self) -> tuple[list[Column], LoadLog]:
        """The columns that are filled, in the order of the statement's list, and the log of the load."""
        table, context = self._request.table, self._context
        rows = context.postgres.query(
            "select attname, typname, atttypmod, attnotnull, attrelid::integer, current_user::regrole::oid, "
            "txid_current() from pg_attribute join pg_type on pg_type.oid = atttypid "
            f"where attrelid = to_regclass('{table}') and attnum > 0 and not attisdropped order by attnum"
        )
        if not rows:
            raise no_table(table)
        table_id, user_id, transaction_id = (int(str(value)) for value in rows[0][4:])
        statement = {
            "user_id": user_id,
            "query_id": context.query_id,
            "transaction_id": transaction_id,
            "session_id": context.session_id,
            "database_name": context.database,
            "table_id": table_id,
        }
        columns = {str(row[0]): _column(row) for row in rows}
        for name in self._request.columns:
            if name not in columns:
                raise SqlError("42703", f'column "{name}" of relation "{table}" does not exist')
        filled = [columns[name] for name in self._request.columns] or list(columns.values())
        file_format = "parquet" if self._request.is_parquet else "json"
        return filled, LoadLog(context.cluster.system_log, self._request.source, self._table, file_format, statement)

    def _paths(self, buckets: Buckets, columns: Sequence[Column]) -> list[Path]:
        """The path of each column's value in a record."""
        by_name: list[Path] = [(column.name,) for column in columns]
        if not self._request.has_paths:
            return by_name
        address = Address.parse(self._request.json)
        data = buckets.read(address)
        try:
            document = json.loads(data)
            if "jsonpaths" not in document:  # then COPY takes it as 'auto' (DG copy-usage_notes-copy-from-json)
                return by_name
            paths = [json_paths.parse(expression) for expression in document["jsonpaths"]]
        except (ValueError, TypeError) as e:
            raise buckets.error(f"Invalid JSONPath format: {e}", f"JSONPath file: {address}") from e
        if len(paths) != len(columns):
            message = (
                "Number of jsonpaths and the number of columns should match. "
                f"JSONPath size: {len(paths)}, Number of columns in table or column list: {len(columns)}"
            )
            raise buckets.error(message, f"JSONPath file: {address}")
        return paths

    def _entries(self, buckets: Buckets) -> list[tuple[Address, bool]]:
        """The address of each file, and whether it is mandatory."""
        source = Address.parse(self._request.source)
        if "manifest" not in self._request.flags:
            return [(address, True) for address in buckets.require_objects(source)]
        data = buckets.read_manifest(source)
        try:
            entries = json.loads(data)["entries"]
            if self._request.is_parquet and not all("content_length" in entry.get("meta", {}) for entry in entries):
                raise KeyError("content_length")  # Parquet needs it (DG loading-data-files-using-manifest)
            self._sizes = {entry["url"]: entry["meta"]["content_length"] for entry in entries if "meta" in entry}
            return [(Address.parse(entry["url"]), entry.get("mandatory", False)) for entry in entries]
        except (ValueError, TypeError, KeyError, AttributeError) as e:
            message = "Manifest file is not in correct json format"
            raise buckets.error(message, f"Manifest file location = {source}") from e

    def _read(
        self,
        buckets: Buckets,
        columns: Sequence[Column],
        paths: Sequence[Path],
        entries: Sequence[tuple[Address, bool]],
        log: LoadLog,
    ) -> list[Row]:
        """The rows of all files, without those of bad records, which go to the log.

        Raises:
            SqlError: a file cannot be read, or MAXERROR is reached.
        """
        rows: list[Row] = []
        for file in buckets.read_all(entries):
            began = now()
            if self._sizes.get(str(file.address), len(file.data)) != len(file.data):
                message = "The file size does not match the content_length of the manifest"
                raise buckets.error(message, f"S3 key being read : {file.address}")
            data = self._unpacked(buckets, file)
            if self._request.is_parquet:
                rows += _parquet_rows(buckets, file, columns)
                log.add_file(file, b"", began)
                continue
            for record in records.records(data):
                try:
                    rows.append(self._row(record, columns, paths))
                except ColumnError as e:
                    self._reject(log, file.address, record.line, e.error, e.column)
                except RecordError as e:
                    self._reject(log, file.address, record.line, e)
            log.add_file(file, data, began)
        if not log.files:
            raise buckets.error("No valid S3 files found", f"Manifest file location = {self._request.source}")
        log.write_errors(self._reports.delay)
        if refused := log.errors + self._reports.more_refused:
            self._add_notice(f"completed, {refused} record(s) could not be loaded.  {SEE}")
        return rows

    def _row(self, record: Record, columns: Sequence[Column], paths: Sequence[Path]) -> Row:
        if record.error:
            raise record.error
        value = record.value
        if not self._request.has_paths and not isinstance(value, dict):
            raise RecordError(1216, "Invalid JSON: an array needs a JSONPaths file")
        if self._request.json == "auto ignorecase":
            value = {key.lower(): item for key, item in reversed(value.items())}
        return values.row(value, columns, paths, self._request.options)

    def _unpacked(self, buckets: Buckets, file: StoredFile) -> bytes:
        try:
            if "gzip" in self._request.flags:
                return _all_parts(file.data, lambda: zlib.decompressobj(31))
            if "zstd" in self._request.flags:
                return _all_parts(file.data, zstd.ZstdDecompressor)
        except (zlib.error, zstd.ZstdError, EOFError) as e:
            raise buckets.error(f"Failed to decompress the file: {e}", f"S3 key being read : {file.address}") from e
        return file.data

    def _reject(
        self, log: LoadLog, address: Address, line: int, error: RecordError, column: Column | None = None
    ) -> None:
        """Log a bad record.

        Raises:
            SqlError: MAXERROR is reached.
        """
        log.add_error(address, line, error, column)
        if log.errors >= max(1, self._request.maxerror):
            log.write_errors(self._reports.delay)
            log.write_end("aborted", 0)
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
        self._context.postgres.copy_in(f"copy {self._request.table} ({names}) from stdin", parts())

    def _add_notice(self, text: str) -> None:
        self.notices.append(f"Load into table '{self._table}' {text}")


def _parquet_rows(buckets: Buckets, file: StoredFile, columns: Sequence[Column]) -> list[Row]:
    """The rows of a Parquet file; one fault ends the COPY.

    Raises:
        SqlError: the columns do not take them.
    """
    try:
        return parquet.rows(file.data, columns)
    except parquet.ScanError as e:
        context = f"{e}, File name: https://{file.address.bucket}.s3/{file.address.key}"
        raise buckets.error("Spectrum Scan Error", context, "dory_util.cpp", 15007) from e


def _column(row: Sequence[Any]) -> Column:
    """A column, from its name, type, type modifier and whether it is NOT NULL.

    A text of CREATE TABLE AS may have no declared length.
    """
    name, kind, modifier = str(row[0]), str(row[1]), int(row[2])
    max_bytes = MAX_BYTES if modifier == -1 else modifier - 4
    return Column(name, kind, max_bytes if kind in ("varchar", "bpchar", "text") else None, is_required=row[3] == "t")


def _all_parts(data: bytes, unpacker: Callable[[], Any]) -> bytes:
    """The content of a packed file, which may be several packed files one after the other."""
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
    """A value in the text format of PostgreSQL's COPY."""
    return "\\N" if value is None else value.translate(_ESCAPES)
