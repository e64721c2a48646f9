"""Rows of PostgreSQL as a Parquet file, and those of a Parquet file for PostgreSQL: DuckDB writes and reads it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from redshift_stand_in.syntax import unsupported
from redshift_stand_in.values import Column as Target
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

READ_TYPES = {
    "bool": "BOOLEAN",
    "int2": "SMALLINT",
    "int4": "INTEGER",
    "int8": "BIGINT",
    "float4": "FLOAT",
    "float8": "DOUBLE",
    "varchar": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
"""The one type of a file, as DuckDB names it, that COPY takes into a column, by PostgreSQL's name of the column's."""

Row = Sequence[str | None]


class ScanError(Exception):
    """A Parquet file that a table does not take."""


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


def rows(data: bytes, columns: Sequence[Target]) -> list[list[str | None]]:
    """The rows of a file, in PostgreSQL's text format, for columns that take them in the order of the file.

    The words of the errors are those of public reports (aws/aws-sdk-pandas, issue 280; rudderlabs/rudder-server, pull
    request 3178; aws/amazon-redshift-python-driver, issue 107).

    Raises:
        ScanError: the file has other columns, or a text is too long.
    """
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        path = Path(folder) / "file.parquet"
        path.write_bytes(data)
        try:
            file = database.read_parquet(str(path), hive_partitioning=False)
        except duckdb.Error as e:
            raise ScanError("File has an invalid version number or is no Parquet file") from e
        if len(file.columns) != len(columns):
            raise ScanError(
                "Unmatched number of columns between table and file. "
                f"Table columns: {len(columns)}, Data columns: {len(file.columns)}"
            )
        for column, name, kind in zip(columns, file.columns, file.types, strict=True):
            if READ_TYPES.get(column.type) != str(kind):
                raise ScanError(
                    f"File has an incompatible Parquet schema for column '{name}'. "
                    f"Column type: {column.type}, Parquet schema: {kind}"
                )
        texts = ", ".join(f"cast({_quoted(name)} as varchar)" for name in file.columns)
        found = [list(row) for row in file.project(texts).fetchall()]
    for n, column in enumerate(columns):
        longest = max((len(row[n].encode()) for row in found if row[n] is not None), default=0)
        if column.max_bytes is not None and longest > column.max_bytes:
            raise ScanError(
                f"The length of the data column {column.name} is longer than the length defined in the table. "
                f"Table: {column.max_bytes}, Data: {longest}"
            )
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
