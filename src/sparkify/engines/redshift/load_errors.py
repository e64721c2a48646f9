"""The records that COPY refused, as the views of loads show them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sparkify import sql_queries
from sparkify.engines.answer import Value
from sparkify.engines.redshift.connection import Connection
from sparkify.records import faults

MISSING, NUL, NOT_UTF8 = 1213, 1218, 1220
"""Codes of load errors (DG r_Load_Error_Reference)."""

WAITS = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between looks at the view, which is not documented to show the errors of a COPY as soon as it has ended
(github.com/estuary/connectors/issues/1259).
"""

REPORTED_BYTES = 256
"""The bytes of an address that the views of loads hold (DG SYS_LOAD_ERROR_DETAIL, file_name)."""


def reported_name(address: str) -> str:
    """The address of an object as the views of loads show it: cut off, and without blanks at its end."""
    return address.encode()[:REPORTED_BYTES].decode(errors="ignore").rstrip(" ")


@dataclass(frozen=True)
class CopyError:
    """What Redshift recorded of a record that COPY could not load. `file` is a `reported_name`."""

    file: str
    line: int
    column: str
    code: int
    message: str

    def reason(self, table: str) -> str:
        """What is wrong, by the column's type and the error's code, in the words of DuckDB's staging."""
        types = sql_queries.columns(table)
        kind = types.get(self.column) or next((types[name] for name in types if name.lower() == self.column), "")
        if self.code == MISSING:
            return faults.MISSING
        if self.code == NOT_UTF8:
            return faults.NOT_UTF8
        if self.code == NUL:
            return faults.HOLDS_NUL
        if kind == "bigint":
            return faults.NO_WHOLE_NUMBER
        if kind == "double precision":
            return faults.NO_NUMBER
        if kind == "timestamp":
            return faults.NO_MOMENT
        if kind and "length" in self.message:
            return faults.longer_than(int(kind.removeprefix("varchar(").removesuffix(")")))
        return faults.NO_TEXT if kind else faults.NOT_JSON


def newest_query(connection: Connection) -> int:
    """The number of the newest query of which the view shows an error, of this session or of another of its number."""
    [(newest,)] = connection.query(
        "select coalesce(max(query_id), 0) from sys_load_error_detail where session_id = pg_backend_pid()"
    )
    return int(newest)


def copy_errors(connection: Connection, wanted: int) -> list[CopyError]:
    """The records that the last COPY refused, as soon as the view shows so many, or when it has had its time."""
    return _waited_for(connection, "query_id = pg_last_copy_id()", {}, lambda _: True, wanted)


def errors_of_failed_copy(
    connection: Connection, newest_before: int, is_copied: Callable[[str], bool], wanted: int
) -> list[CopyError]:
    """The same of a COPY that failed, whose number nobody tells: those of its objects, newer than another query's.

    The view may show only now what an earlier COPY refused.
    """
    since = "session_id = pg_backend_pid() and query_id > $query_id"
    return _waited_for(connection, since, {"query_id": newest_before}, is_copied, wanted)


def _waited_for(
    connection: Connection,
    condition: str,
    values: Mapping[str, Value],
    is_copied: Callable[[str], bool],
    wanted: int,
) -> list[CopyError]:
    def shown() -> list[CopyError]:
        rows = connection.query(
            "select trim(file_name), line_number, trim(column_name), error_code, trim(error_message)"
            f" from sys_load_error_detail where {condition} order by 1, 2",
            values,
        )
        return [error for error in (CopyError(*row) for row in rows) if is_copied(error.file)]

    errors = shown()
    for wait in WAITS:
        if len(errors) >= wanted:
            break
        time.sleep(wait)
        errors = shown()
    return errors
