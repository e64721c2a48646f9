"""What one COPY writes into the system views of loads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from threading import Timer

from redshift_stand_in.catalog import SystemLog
from redshift_stand_in.records import RecordError
from redshift_stand_in.s3 import Address, StoredFile
from redshift_stand_in.values import Column


class LoadLog:
    """The rows of one COPY: a row for each bad record, a row for each file, and one of the whole."""

    def __init__(
        self, system_log: SystemLog, source: str, table: str, file_format: str, statement: Mapping[str, object]
    ) -> None:
        """`statement` holds the columns that every row has: user, query, transaction, session, database, table_id."""
        self._system_log = system_log
        self._source = source
        self._table = table
        self._format = file_format
        self._began = now()
        self._common = {**statement, "start_time": self._began}
        self._files: list[dict[str, object]] = []
        self._errors: list[dict[str, object]] = []
        self._bytes = 0

    @property
    def files(self) -> int:
        """The number of files that were read."""
        return len(self._files)

    @property
    def errors(self) -> int:
        """The number of bad records."""
        return len(self._errors)

    def add_file(self, file: StoredFile, data: bytes, began: datetime) -> None:
        """Note a file that was read to its end; `data` is its unpacked content."""
        ended = now()
        self._bytes += len(file.data)
        self._files.append(
            self._common
            | {
                "file_name": _file_name(file.address),
                "bytes_scanned": len(file.data),
                "lines_scanned": data.count(b"\n") + (not data.endswith(b"\n") and data != b""),
                "record_time": ended,
                "splits_scanned": 0,
                "start_time": began,
                "end_time": ended,
                "file_etag": file.etag.strip('"'),
                "file_last_modified": file.last_modified.replace(tzinfo=None),
            }
        )

    def add_error(self, address: Address, line: int, error: RecordError, column: Column | None) -> None:
        """Note a bad record, and the column that did not take its value, if it was one."""
        self._errors.append(
            self._common
            | {
                "file_name": _file_name(address),
                "line_number": line,
                "column_name": column.name if column else "",
                "column_type": column.type if column else "",
                "column_length": str((column and column.max_bytes) or ""),
                "position": error.position,
                "error_code": error.code,
                "error_message": _shown(error.message),
            }
        )

    def write_errors(self, delay: float | None) -> None:
        """Write the bad records after some seconds; never, if there are none of these."""
        if delay:
            Timer(delay, self._system_log.add, ("sys_load_error_detail", self._errors)).start()
        elif delay is not None:
            self._system_log.add("sys_load_error_detail", self._errors)

    def write_end(self, status: str, loaded_rows: int) -> None:
        """Write how the COPY ended, and its files."""
        ended = now()
        history = {
            "status": status,
            "table_name": self._table,
            "end_time": ended,
            "duration": (ended - self._began) // timedelta(microseconds=1),
            "data_source": self._source,
            "file_format": self._format,
            "loaded_rows": loaded_rows,
            "loaded_bytes": self._bytes,
            "source_file_count": len(self._files),
            "source_file_bytes": self._bytes,
            "file_count_scanned": len(self._files),
            "file_bytes_scanned": self._bytes,
            "error_count": len(self._errors),
            "copy_job_id": 0,
        }
        self._system_log.add("sys_load_history", [self._common | history])
        self._system_log.add("sys_load_detail", self._files)


def _file_name(address: Address) -> str:
    """The address as the views hold it, whose type counts bytes: longer ones are cut off."""
    return str(address).encode()[:256].decode(errors="ignore")


def _shown(message: str) -> str:
    """A message as PostgreSQL takes it, which has neither NULs nor halves of surrogate pairs."""
    return message.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def now() -> datetime:
    """The time in UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)
