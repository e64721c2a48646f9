"""The records that COPY refused, as the views of loads show them."""

from __future__ import annotations

from dataclasses import dataclass

from sparkify import sql_queries
from sparkify.engines.redshift.connection import Connection
from sparkify.records import faults

MISSING, NUL, NOT_UTF8 = 1213, 1218, 1220
"""Codes of load errors (DG r_Load_Error_Reference)."""

LAST_COPY = "pg_last_copy_id()"
FAILED_COPY = "(select max(query_id) from sys_load_error_detail where session_id = pg_backend_pid())"
"""The number of the COPY that has just failed: that of the last one is not set then."""

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


def copy_errors(connection: Connection, query_id: str = LAST_COPY) -> list[CopyError]:
    """The records that a COPY refused."""
    rows = connection.query(
        "select trim(file_name), line_number, trim(column_name), error_code, trim(error_message)"
        f" from sys_load_error_detail where query_id = {query_id} order by 1, 2"
    )
    return [CopyError(*row) for row in rows]
