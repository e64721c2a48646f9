"""Rows of PostgreSQL as a Parquet file, which DuckDB writes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from redshift_stand_in.syntax import unsupported
from redshift_stand_in.wire import NUMERIC, TEXT, VARCHAR, Column

BOOLEAN, DOUBLE, TIMESTAMPTZ = 16, 701, 1184

TYPES = {
    BOOLEAN: "boolean",
    20: "bigint",
    21: "smallint",
    23: "integer",
    TEXT: "varchar",
    700: "float",
    DOUBLE: "double",
    1042: "varchar",
    VARCHAR: "varchar",
    1082: "date",
    1114: "timestamp",
    TIMESTAMPTZ: "timestamp",  # without its zone, which is UTC (DG r_UNLOAD)
}
"""DuckDB's type, by the `oid` of PostgreSQL's (pg_type)."""

Row = Sequence[str | None]


def duckdb_type(column: Column) -> str:
    """DuckDB's type of a column.

    Raises:
        SqlError: the stand-in does not unload its type.
    """
    if column.type == NUMERIC:
        return f"decimal({column.precision}, {column.scale})"
    if column.type not in TYPES:
        raise unsupported(f"the stand-in does not unload the type of column {column.name.decode()}")
    return TYPES[column.type]


def file(columns: Sequence[Column], rows: Sequence[Row]) -> bytes:
    """The bytes of a file with some rows, whose values are in PostgreSQL's text format.

    Raises:
        SqlError: the stand-in does not unload the type of a column.
    """
    values = [[row[n] for row in rows] for n in range(len(columns))]
    selected = ", ".join(
        f"cast(unnest(${n}::varchar[]) as {duckdb_type(column)}) as {_quoted(column.name.decode())}"
        for n, column in enumerate(columns, start=1)
    )
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        path = Path(folder) / "file.parquet"
        database.execute(f"copy (select {selected}) to {_literal(path)} (format parquet, compression snappy)", values)
        return path.read_bytes()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
